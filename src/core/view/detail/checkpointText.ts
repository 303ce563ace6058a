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
      return trans.__('weights at the end');
    case 'best':
      return trans.__('weights of the best evaluation');
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

/** Of a trained task: where its model is, as it was exported; absolute. Undefined for others. */
export function modelPath({ result }: TaskState, { folder }: SessionState): string | undefined {
  return result?.model === undefined ? undefined : `${folder}/${result.model}`;
}

/** Folders that a loop of a user's own, and one of a library, save into. */
const OF_OWN_LOOP = /\/native\/step-\d+$/;
const OF_TRAINER = /\/checkpoint-\d+$/;

/**
 * Code that loads what a task has saved into a notebook.
 *
 * @param path - of a checkpoint or of an exported model; absolute.
 * @param kind - of a checkpoint; undefined for a model.
 */
export function loadingCode(path: string, kind?: Kind): string {
  if (OF_OWN_LOOP.test(path)) {
    return weightsCode(`${path}/state.pt`, 'saved', 'what the loop gave to saturn.checkpoint');
  }
  if (kind === 'final') {
    return weightsCode(`${path}/weights.pt`, 'weights', 'model.load_state_dict(weights, strict=False)');
  }
  if (kind === undefined && /\.(?:pt|pth|bin)$/.test(path)) {
    return weightsCode(path, 'weights', 'model.load_state_dict(weights)');
  }
  return kind === undefined || OF_TRAINER.test(path)
    ? `from transformers import AutoModel

model = AutoModel.from_pretrained(${JSON.stringify(path)})
`
    : piecesCode(path);
}

function weightsCode(path: string, name: string, remark: string): string {
  return `import torch

${name} = torch.load(${JSON.stringify(path)}, map_location="cpu", weights_only=True)
# ${remark}
`;
}

/** Of a folder into which each rank has written its pieces. */
function piecesCode(path: string): string {
  return `import os
import tempfile

import torch
from torch.distributed.checkpoint.format_utils import dcp_to_torch_save

with tempfile.TemporaryDirectory() as folder:
    file = os.path.join(folder, "checkpoint.pt")
    dcp_to_torch_save(${JSON.stringify(path)}, file)
    weights = torch.load(file, map_location="cpu", weights_only=True)["model"]
# What is not trained is not in it: model.load_state_dict(weights, strict=False)
`;
}
