import type { ITranslation } from '../../model/translation.js';
import type { SavedCheckpoint, SessionState, TaskState } from '../../wire/messages.js';
import { type Blocks, lead, sentence } from '../display/block.js';
import { notBegun } from './attemptsView.js';

type Kind = SavedCheckpoint['kind'];

/** What a person calls a kind of checkpoint. */
export function checkpointKindWords(kind: Kind, trans: ITranslation): string {
  switch (kind) {
    case 'checkpoint':
      return trans.__('state of training');
    case 'final':
      return trans.__('trained model');
    case 'best':
      return trans.__('best evaluation');
  }
}

/** Why a task has no checkpoint on disk. */
export function noCheckpoints(task: TaskState, state: SessionState, trans: ITranslation): Blocks {
  return task.attempts.length === 0
    ? notBegun(task, state, trans)
    : [
        lead(trans.__('There is no checkpoint of it.')),
        sentence(
          task.status === 'finished'
            ? trans.__('Those that it went on from were removed when it was trained.')
            : trans.__('The first is saved some time after its first step, or when it is stopped.')
        )
      ];
}

/**
 * Code that loads the weights of a checkpoint into a notebook.
 *
 * @param path - absolute.
 * @param kind - a `checkpoint` is a folder of pieces, written by all ranks; others are files or folders of a library.
 */
export function loadingCode(path: string, kind: Kind): string {
  const quoted = JSON.stringify(path);
  if (/\.(?:pt|pth|bin)$/.test(path)) {
    return `import torch

weights = torch.load(${quoted}, map_location="cpu", weights_only=True)
# model.load_state_dict(weights)
`;
  }
  if (kind === 'checkpoint') {
    return `import os
import tempfile

import torch
from torch.distributed.checkpoint.format_utils import dcp_to_torch_save

with tempfile.TemporaryDirectory() as folder:
    file = os.path.join(folder, "checkpoint.pt")
    dcp_to_torch_save(${quoted}, file)
    state = torch.load(file, map_location="cpu", weights_only=True)
# state["model"] has the weights: model.load_state_dict(state["model"])
`;
  }
  return `from transformers import AutoModel

model = AutoModel.from_pretrained(${quoted})
`;
}
