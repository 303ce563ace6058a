import { readFileSync } from 'node:fs';

/** A notebook whose sweep has so many tasks, each of which trains a model of two numbers and sleeps through its steps. */
export function manyTasksNotebook(tasks: number, devices: number): string {
  const technique = JSON.stringify(readFileSync('test/bench/live/sleeping.py', 'utf8'));
  const rates = Array.from({ length: tasks }, (_, i) => ((i + 1) / (2 * tasks)).toPrecision(6)).join(',');
  const cells = [
    '%load_ext jupyterlab_saturn',
    [
      'from jupyterlab_saturn import session',
      `session().cluster(cpu=${devices})`,
      `session().techniques.define("sleeping", ${technique})`
    ].join('\n'),
    `%%saturn task --sweep rate=${rates} --steps 400\n${FACTORY}`,
    '%saturn run',
    '# a place to type'
  ];
  return JSON.stringify({
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' } },
    cells: cells.map((source, i) => ({
      id: `cell-${i}`,
      cell_type: 'code',
      execution_count: null,
      metadata: {},
      outputs: [],
      source
    }))
  });
}

const FACTORY = `def sleeping(rate):
    import json
    from functools import partial

    import torch
    from jupyterlab_saturn import Task
    from torch import nn
    from torch.utils.data import TensorDataset

    model = nn.Linear(1, 1)
    model.speeds = json.dumps({"only": {"1": 0.05}})
    inputs = torch.linspace(-1, 1, 64).reshape(64, 1)
    return Task(
        model=model,
        data=TensorDataset(inputs, 2 * inputs + 1),
        loss=nn.functional.mse_loss,
        optimizer=partial(torch.optim.SGD, lr=rate),
        batch_size=8,
    )
`;
