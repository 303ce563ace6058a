import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Sandbox } from './sandbox.js';

const cellsOf = (epochs: number): string[] => [
  '%load_ext jupyterlab_saturn',
  '%saturn cluster --cpu 2',
  `%%saturn task --sweep lr=0.1,0.01 width=8,16
def tiny(lr, width):
    import time
    import torch
    from functools import partial
    from jupyterlab_saturn import Task

    torch.manual_seed(0)
    inputs = torch.randn(256, 4)

    def loss(outputs, targets):
        time.sleep(0.05)
        return torch.nn.functional.cross_entropy(outputs, targets)

    return Task(
        model=torch.nn.Sequential(torch.nn.Linear(4, width), torch.nn.ReLU(), torch.nn.Linear(width, 2)),
        data=torch.utils.data.TensorDataset(inputs, (inputs.sum(1) > 0).long()),
        loss=loss,
        optimizer=partial(torch.optim.SGD, lr=lr),
        batch_size=32,
        epochs=${epochs},
    )`,
  '%saturn run',
  '%saturn wait',
  '%saturn results'
];

/** So many tasks it has. */
export const TINY_TASKS = 4;

/**
 * Puts the notebook of a small sweep among those of a sandbox.
 *
 * @param epochs - of each task; two tasks at a time, four take some seconds in all.
 */
export function writeTinySweep(sandbox: Sandbox, name: string, epochs = 4): void {
  const cells = cellsOf(epochs).map((source, i) => ({
    cell_type: 'code',
    id: `cell-${i}`,
    metadata: {},
    execution_count: null,
    outputs: [],
    source
  }));
  const kernelspec = { display_name: 'Python 3', language: 'python', name: 'python3' };
  writeFileSync(
    join(sandbox.notebooks, name),
    JSON.stringify({ cells, metadata: { kernelspec }, nbformat: 4, nbformat_minor: 5 })
  );
}
