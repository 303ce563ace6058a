import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Sandbox } from './sandbox.js';

const FUNCTION = `def digits(lr, width):
    from functools import partial

    import torch
    from sklearn.datasets import load_digits
    from torch import nn
    from torch.utils.data import TensorDataset

    from jupyterlab_saturn import Task

    def accuracy(outputs, labels):
        return (outputs.argmax(dim=1) == labels).float().mean()

    found = load_digits()
    images = torch.tensor(found.images, dtype=torch.float32).flatten(1) / 16
    labels = torch.tensor(found.target)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    train, held_out = order[360:], order[:360]
    return Task(
        model=nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10)),
        data=TensorDataset(images[train], labels[train]),
        loss=nn.functional.cross_entropy,
        optimizer=partial(torch.optim.AdamW, lr=lr),
        batch_size=64,
        steps=810,
        eval_data=TensorDataset(images[held_out], labels[held_out]),
        metrics={"accuracy": accuracy},
    )`;

/**
 * Puts a notebook among those of a sandbox that searches small classifiers of digits, and gives most of them up.
 *
 * @param points - so many are tried, two at a time.
 */
export function writeSearch(sandbox: Sandbox, name: string, points: number): void {
  const cells = [
    '%load_ext jupyterlab_saturn\n%saturn session search\n%saturn cluster --cpu 2',
    `%%saturn task --sweep lr=1e-5..1e-1 width=64,128,256 --points ${points} --search random --stop asha --by accuracy\n${FUNCTION}`,
    '%saturn run',
    '%saturn wait',
    '%saturn results'
  ].map((source, i) => ({
    ...{ cell_type: 'code', id: `cell-${i}`, metadata: {}, execution_count: null, outputs: [], source }
  }));
  const kernelspec = { display_name: 'Python 3', language: 'python', name: 'python3' };
  writeFileSync(
    join(sandbox.notebooks, name),
    JSON.stringify({ cells, metadata: { kernelspec }, nbformat: 4, nbformat_minor: 5 })
  );
}
