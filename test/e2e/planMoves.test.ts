import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BrowserPage } from './browser.js';
import { NotebookPage } from './notebook.js';
import { until } from './processes.js';
import { reports, Sandbox } from './sandbox.js';
import { LabServer } from './server.js';
import { tellInParts } from './story.js';
import { unfoldPanel } from './unfoldedPanel.js';

/** A notebook whose plan moves, by what training teaches and by orders: one story, told in order. */

const EXCLUDE = '--exclude fsdp,hsdp,offload,pipeline,tensor,fsdp-tensor';
const TASKS = `%saturn cluster --cpu 2
%saturn task --factory slow --sweep width=8 --steps 900
%saturn task --factory slow --sweep width=16 --steps 300`;

/** The long task is thought to be as long as the short one: as an earlier session has it, edited. */
const CELLS = [
  '%load_ext jupyterlab_saturn',
  `def slow(width, lr=0.1):
    import time
    from functools import partial
    import torch
    from torch import nn
    from torch.utils.data import TensorDataset, default_collate
    from jupyterlab_saturn import Task

    def collate(samples):
        time.sleep(0.004 * len(samples))  # as a device would take: half of them, half as long
        return default_collate(samples)

    inputs = torch.linspace(-1, 1, 64).reshape(64, 1)
    return Task(
        model=nn.Sequential(nn.Linear(1, width), nn.Tanh(), nn.Linear(width, 1)),
        data=TensorDataset(inputs, 2 * inputs + 1),
        loss=nn.functional.mse_loss,
        optimizer=partial(torch.optim.SGD, lr=lr),
        batch_size=8,
        collate=collate,
    )`,
  `%saturn session earlier
${TASKS}
%saturn profile --full ${EXCLUDE}`,
  `import json, os, pathlib
from jupyterlab_saturn import session
signature = session().state["tasks"][0]["inspection"]["signature"]
for path in pathlib.Path(os.environ["SATURN_CACHE"]).glob("profiles/*.json"):
    entry = json.loads(path.read_text())
    if entry["cell"]["signature"] == signature:
        for seconds in ("stepSeconds", "spreadSeconds"):
            entry["cell"][seconds] /= 3
        path.write_text(json.dumps(entry))`,
  `%saturn session default
${TASKS}
%saturn check
%saturn run ${EXCLUDE}`
];

const sandbox = new Sandbox();
let server: LabServer;
let eyes: BrowserPage;
let notebook: NotebookPage;
let panel: Locator;

const section = (name: string) => panel.locator(`[data-section="${name}"]`);
const training = (task: string) => section('run').locator(`.jp-SaturnRunning li[data-task="${task}"]`);
const isShown = (place: Locator, text: RegExp) => async () =>
  (await place.count()) === 1 && text.test((await place.textContent()) ?? '');

async function shot(name: string): Promise<void> {
  await eyes.page.screenshot({ path: join(reports, `${name}.png`) });
}

beforeAll(async () => {
  mkdirSync(reports, { recursive: true });
  const cells = CELLS.map((source, index) => ({
    cell_type: 'code',
    execution_count: null,
    id: `cell-${index}`,
    metadata: {},
    outputs: [],
    source
  }));
  const metadata = { kernelspec: { display_name: 'Python 3', language: 'python', name: 'python3' } };
  const file = { cells, metadata, nbformat: 4, nbformat_minor: 5 };
  writeFileSync(join(sandbox.notebooks, 'moves.ipynb'), JSON.stringify(file));
  server = await LabServer.start(sandbox);
  eyes = await BrowserPage.open();
  await unfoldPanel(eyes.page);
  notebook = new NotebookPage(eyes.page, server);
  panel = eyes.page.locator('#jupyterlab-saturn-panel');
  await notebook.open('moves.ipynb');
  await notebook.command('saturn:open');
  await notebook.runAll();
  await notebook.ran(notebook.cell('%saturn session default'), 240);
});

tellInParts(async () => {
  sandbox.keepLogs();
  await notebook.save(join(reports, 'moves-failed.ipynb'));
  await shot('moves-failed');
});

afterAll(async () => {
  await eyes.close();
  await server.stop();
  expect(await sandbox.dispose()).toEqual([]);
});

test('a task that was measured wrong moves by itself, and the panel says why', async () => {
  await until('it trains on both devices', isShown(training('slow-8'), /ddp x2 on cpu0, cpu1/), 120);
  expect(await section('plan').textContent()).toMatch(/slow-8 takes .* (as|than) planned/);
  await section('plan').locator('summary', { hasText: 'Planned anew' }).click();
  await section('plan')
    .getByText(/slow-8 (makes room, and )?goes on as ddp x2/)
    .first()
    .waitFor();
  await shot('moves-by-itself');
});

test('a clone begins with what its parent saved, while that trains', async () => {
  await notebook.run('%saturn wish --at-most 1');
  const cell = await notebook.run('%saturn clone slow-8 lr=0.05 --from last --steps 250 --name warm', 120);
  expect(await cell.locator('.jp-OutputArea').textContent()).toMatch(/from slow-8 at step \d+/);
  await section('tasks').locator('[data-task="warm"]').waitFor();
  expect(await section('tasks').textContent()).toMatch(/from slow-8 at step \d+/);
  await training('slow-8').waitFor();
});

test('a task that is stopped leaves its devices to the next', async () => {
  await notebook.run('%saturn stop slow-8');
  await until('the clone trains', isShown(training('warm'), /\d %.* on cpu/), 120);
  expect(await training('slow-8').count()).toBe(0);
  await section('attention')
    .locator('.jp-SaturnAttention[data-code="stopped"]', { hasText: 'slow-8' })
    .getByRole('button', { name: 'Resume: slow-8' })
    .waitFor();
});

test('a task leaves a device that is to be kept free', async () => {
  await notebook.run('%saturn wish --keep-free cpu1');
  await section('plan')
    .getByText(/cpu1 kept free/)
    .first()
    .waitFor();
  await until('the clone trains elsewhere', isShown(training('warm'), /single x1 on cpu0/), 120);
  await shot('moves-kept-free');
});

test('all of them are trained in the end', async () => {
  await notebook.run('%saturn wish --clear');
  await notebook.run('%saturn resume slow-8');
  await notebook.run('%saturn wait', 240);
  const results = await notebook.run('%saturn results');
  expect(await results.locator('.jp-OutputArea-output table tbody tr').count()).toBe(3);
  expect(await results.locator('.jp-OutputArea').textContent()).toMatch(/from slow-8 at step \d+/);
  expect(eyes.ours).toEqual([]);
});
