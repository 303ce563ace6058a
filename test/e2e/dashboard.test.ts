import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BrowserPage } from './browser.js';
import { NotebookPage } from './notebook.js';
import { until } from './processes.js';
import { reports, Sandbox } from './sandbox.js';
import { LabServer } from './server.js';
import { tellInParts } from './story.js';

/** A session seen and steered without its kernel: while that is busy, once it is gone, and asleep. One story, in order. */

const CELLS = [
  '%load_ext jupyterlab_saturn',
  `def slow(width):
    import time
    from functools import partial
    import torch
    from torch import nn
    from torch.utils.data import TensorDataset, default_collate
    from jupyterlab_saturn import Task

    def collate(samples):
        time.sleep(0.1)  # it is to train for longer than this story takes
        return default_collate(samples)

    inputs = torch.linspace(-1, 1, 64).reshape(64, 1)
    return Task(
        model=nn.Sequential(nn.Linear(1, width), nn.Tanh(), nn.Linear(width, 1)),
        data=TensorDataset(inputs, 2 * inputs + 1),
        loss=nn.functional.mse_loss,
        optimizer=partial(torch.optim.SGD, lr=0.1),
        batch_size=8,
        collate=collate,
    )`,
  `%saturn cluster --cpu 1
%saturn task --factory slow --sweep width=8,16 --steps 5000
%saturn run --exclude fsdp,hsdp,offload,pipeline,tensor,fsdp-tensor`
];

const sandbox = new Sandbox();
let server: LabServer;
let eyes: BrowserPage;
let notebook: NotebookPage;
let dashboard: Locator;

const title = () => dashboard.locator('.jp-SaturnDashboard-title');
const progress = () => dashboard.locator('.jp-SaturnDashboard-progress');
const button = (name: string) => dashboard.getByRole('button', { name, exact: true });
const trains = () =>
  progress()
    .filter({ hasText: /running/ })
    .waitFor({ timeout: 60_000 });

async function shot(name: string): Promise<void> {
  await eyes.page.screenshot({ path: join(reports, `${name}.png`) });
}

const agentStatus = () => join(sandbox.sessions, 'default', 'agent.json');

beforeAll(async () => {
  mkdirSync(reports, { recursive: true });
  sandbox.env.SATURN_IDLE_SECONDS = '5';
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
  writeFileSync(join(sandbox.notebooks, 'sweep.ipynb'), JSON.stringify(file));
  server = await LabServer.start(sandbox);
  eyes = await BrowserPage.open();
  notebook = new NotebookPage(eyes.page, server);
  dashboard = eyes.page.locator('.jp-SaturnDashboard');
  await notebook.open('sweep.ipynb');
});

tellInParts(async () => {
  sandbox.keepLogs();
  await shot('dashboard-failed');
});

afterAll(async () => {
  await eyes.close();
  await server.stop();
  expect(await sandbox.dispose()).toEqual([]);
});

test('without a session the dashboard says what to do', async () => {
  await notebook.command('saturn:dashboard');
  await dashboard.getByText('No session yet').waitFor();
  await notebook.command('application:close');
});

test('a cell opens the dashboard, which follows the session while the kernel is busy', async () => {
  await notebook.runAll();
  await notebook.ran(notebook.cell('%saturn run'), 120);
  // The tab comes to the front of the notebook: that the cell has run is not to be seen.
  void notebook.run('%saturn view', 240).catch(() => undefined);
  await title().getByRole('heading', { name: 'default' }).waitFor();
  await title().getByText('sweep.ipynb').waitFor();
  await eyes.page.locator('.lm-TabBar-tabLabel', { hasText: 'Saturn: default' }).first().waitFor();
  await notebook.command('docmanager:open', { path: 'sweep.ipynb' });
  void notebook.run('import time; time.sleep(3600)', 240).catch(() => undefined);
  await notebook.cell('time.sleep(3600)').locator('.jp-InputPrompt', { hasText: '[*]' }).waitFor();
  await notebook.command('saturn:dashboard');
  await trains();
  expect(await button('Train').isEnabled()).toBe(false);
  await shot('dashboard-busy');
});

test('a reload brings it back, and the panel shows the session though its kernel cannot be asked', async () => {
  await notebook.command('saturn:open');
  // As in a tab of the browser that has not talked to this kernel before.
  await eyes.page.evaluate(() => sessionStorage.clear());
  await eyes.page.waitForTimeout(1500); // JupyterLab saves its layout a moment after it has changed
  await eyes.page.reload();
  await trains();
  expect(await dashboard.count()).toBe(1);
  const panel = eyes.page.locator('#jupyterlab-saturn-panel');
  await panel.getByText('slow-16').first().waitFor({ timeout: 60_000 });
  await shot('dashboard-reloaded');
});

test('it goes on once the kernel is gone', async () => {
  await eyes.page.evaluate(async () => {
    const { jupyterapp } = window as unknown as {
      jupyterapp: { serviceManager: { kernels: { shutdownAll(): Promise<void> } } };
    };
    await jupyterapp.serviceManager.kernels.shutdownAll();
  });
  await trains();
  const before = await progress().textContent();
  await until('it goes on', async () => (await progress().textContent()) !== before);
  await shot('dashboard-no-kernel');
});

test('a column is taken away, and brought back, by its name', async () => {
  const columns = dashboard.locator('.jp-SaturnColumns');
  const header = dashboard.getByRole('columnheader', { name: 'Strategy' });
  await header.waitFor();
  await columns.locator('summary').click();
  const name = columns.locator('label', { hasText: 'Strategy' });
  const { width = 0, height = 0 } = (await name.boundingBox()) ?? {};
  const onText = { position: { x: width - 4, y: height / 2 } };
  await name.click(onText);
  await header.waitFor({ state: 'detached' });
  await name.click(onText);
  await header.waitFor();
  await columns.locator('summary').click();
});

test('Stop stops', async () => {
  await button('Stop').click();
  await eyes.page.locator('.jp-Dialog button', { hasText: 'Stop' }).last().click();
  await until('nothing trains', async () => !/running/.test((await progress().textContent()) ?? 'running'));
  await until('Train is offered again', () => button('Train').isEnabled());
  await shot('dashboard-stopped');
});

test('a session that is asleep is woken by a button, and trains again', async () => {
  await eyes.page.goto('about:blank');
  await until('the agent leaves', () => !existsSync(agentStatus()), 90);
  // A workspace without any notebook.
  await eyes.page.goto(`${server.url}/lab/workspaces/empty?token=${server.token}`);
  await eyes.page.locator('#jupyterlab-splash').waitFor({ state: 'detached', timeout: 60_000 });
  await eyes.page.getByText('Saturn Dashboard').click();
  await dashboard.getByText('The session is asleep').waitFor();
  await shot('dashboard-asleep');
  await button('Wake').click();
  await until('it can be run', () => button('Train').isEnabled(), 120);
  await button('Train').click();
  await trains();
  await button('Stop').click();
  await eyes.page.locator('.jp-Dialog button', { hasText: 'Stop' }).last().click();
  await until('nothing trains', async () => !/running/.test((await progress().textContent()) ?? 'running'));
  expect(eyes.ours).toEqual([]);
});
