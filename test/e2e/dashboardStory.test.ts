import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BrowserPage } from './browser.js';
import { Keyboard } from './keyboard.js';
import { NotebookPage } from './notebook.js';
import { until } from './processes.js';
import { reports, Sandbox } from './sandbox.js';
import { LabServer } from './server.js';
import { tellInParts } from './story.js';

/** A small sweep watched and steered in the dashboard by keyboard alone: one story, told in order. */

const EXCLUDE = '--exclude fsdp,hsdp,offload,pipeline,tensor,fsdp-tensor,ddp';
const LONG = 'tiny-16';
const SHORT = ['tiny-4', 'tiny-8'];

const CELLS = [
  '%load_ext jupyterlab_saturn',
  `def tiny(width):
    import time
    from functools import partial
    import torch
    from torch import nn
    from torch.utils.data import TensorDataset
    from jupyterlab_saturn import Task

    inputs = torch.linspace(-1, 1, 64).reshape(64, 1)

    def loss(outputs, targets):
        time.sleep(0.1)
        print('a step of width', width, flush=True)
        return nn.functional.mse_loss(outputs, targets)

    return Task(
        model=nn.Sequential(nn.Linear(1, width), nn.Tanh(), nn.Linear(width, 1)),
        data=TensorDataset(inputs, 2 * inputs + 1),
        loss=loss,
        optimizer=partial(torch.optim.SGD, lr=0.1),
        batch_size=8,
    )`,
  `%saturn session second
%saturn cluster --cpu 1`,
  `%saturn session default
%saturn cluster --cpu 2
%saturn task --factory tiny --sweep width=16 --steps 5000
%saturn task --factory tiny --sweep width=4,8 --steps 20
%saturn run ${EXCLUDE}`
];

const sandbox = new Sandbox();
let server: LabServer;
let eyes: BrowserPage;
let notebook: NotebookPage;
let keys: Keyboard;

/** The tab in front: those behind it are there as well. */
const dashboard = () => eyes.page.locator('.jp-SaturnDashboard:visible');
const row = (task: string) => dashboard().locator(`.jp-SaturnGrid-row[data-task="${task}"]`);
const details = () => dashboard().locator('.jp-SaturnTaskDetail');
const heading = (name: string) => dashboard().getByRole('heading', { name, exact: true, level: 2 });
const tabLabels = () => eyes.page.locator('#jp-main-dock-panel .lm-TabBar-tabLabel').allInnerTexts();

async function shot(name: string): Promise<void> {
  await eyes.page.screenshot({ path: join(reports, `${name}.png`) });
}

const says = (task: string, text: RegExp) =>
  row(task).filter({ hasText: text }).waitFor({ timeout: 120_000 });

/** Names of the tasks that are selected. */
const selected = () =>
  dashboard()
    .locator('.jp-SaturnGrid-row[aria-selected="true"]')
    .evaluateAll(rows => rows.map(one => (one as HTMLElement).dataset.task).sort());

/** Has one task alone looked at, with the focus on its line. */
async function lookAt(task: string): Promise<void> {
  await keys.tabTo(dashboard().locator('.jp-SaturnGrid [tabindex="0"]'));
  await keys.press('Control+Home');
  await keys.press('Enter');
  await keys.pressUntil('ArrowDown', row(task).and(eyes.page.locator('[aria-current="true"]')));
}

async function chooseForTask(command: string): Promise<void> {
  await keys.press('Shift+F10');
  await keys.choose(`[data-command="${command}"]`);
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
  writeFileSync(join(sandbox.notebooks, 'tiny.ipynb'), JSON.stringify(file));
  server = await LabServer.start(sandbox);
  eyes = await BrowserPage.open();
  notebook = new NotebookPage(eyes.page, server);
  keys = new Keyboard(eyes.page);
  await notebook.open('tiny.ipynb');
  await notebook.runAll();
  await notebook.ran(notebook.cell('%saturn session default'), 240);
});

tellInParts(async () => {
  sandbox.keepLogs();
  await shot('keyboard-failed');
});

afterAll(async () => {
  await eyes.close();
  await server.stop();
  expect(await sandbox.dispose()).toEqual([]);
});

test('the palette opens it, with the session of the notebook', async () => {
  await keys.palette('Open the Saturn Dashboard');
  await heading('default').waitFor();
  expect(await tabLabels()).toContain('Saturn: default');
  for (const task of [LONG, ...SHORT]) {
    await row(task).waitFor();
  }
});

test('arrow keys go through the table and select, Shift selects more', async () => {
  await lookAt(LONG);
  expect(await selected()).toEqual([LONG]);
  await keys.press('Control+Home');
  await keys.press('Enter');
  await keys.press('Shift+ArrowDown');
  expect(await selected()).toHaveLength(2);
  await dashboard().getByRole('status').filter({ hasText: '2 tasks selected' }).waitFor();
  await keys.press('Escape');
  expect(await selected()).toEqual([]);
});

test('a task stops and goes on from its menu, and the focus stays on its line', async () => {
  await says(LONG, /training/);
  await lookAt(LONG);
  await chooseForTask('saturn:task-stop');
  await says(LONG, /stopped/);
  expect(await keys.isWithin(row(LONG))).toBe(true);
  for (const task of SHORT) {
    await says(task, /trained/);
  }
  await shot('keyboard-stopped');
  await chooseForTask('saturn:task-resume');
  await until('it trains again', async () => !/stopped/.test(await row(LONG).innerText()));
});

test('the curve of a trained task is drawn, and a cursor goes along it', async () => {
  await lookAt(SHORT[0]!);
  await keys.tabTo(details().getByRole('tab', { selected: true }));
  await keys.press('Home');
  const plot = details().getByRole('slider', { name: 'place of the cursor' });
  await plot.locator('canvas').waitFor();
  await keys.tabTo(plot);
  await keys.press('End');
  expect(await plot.getAttribute('aria-valuenow')).toBe(await plot.getAttribute('aria-valuemax'));
  expect(await plot.getAttribute('aria-valuetext')).toMatch(/tiny-4 [\d.]+/);
  await shot('keyboard-curves');
});

test('what a task has printed is in its log, the next tab', async () => {
  await keys.tabTo(details().getByRole('tab', { selected: true }));
  await keys.press('ArrowRight');
  await details().getByRole('log').filter({ hasText: 'a step of width 4' }).waitFor();
  expect(await details().getByRole('log').innerText()).not.toContain('width 16');
});

test('a reload brings back the tab, its session and the details that were looked at', async () => {
  await eyes.page.waitForTimeout(1500); // JupyterLab saves its layout a moment after it has changed
  await eyes.page.reload();
  await heading('default').waitFor({ timeout: 60_000 });
  await lookAt(SHORT[1]!);
  await details().getByRole('log').filter({ hasText: 'a step of width 8' }).waitFor();
});

test('a report is exported while tasks train, and opens by itself', async () => {
  await keys.tabTo(dashboard().getByRole('button', { name: 'Export', exact: true }));
  const downloading = eyes.page.waitForEvent('download');
  await keys.press('Enter');
  await keys.press('Enter');
  const file = join(sandbox.folder, 'report.html');
  await (await downloading).saveAs(file);
  const page = await eyes.page.context().newPage();
  const wrong: string[] = [];
  page.on('pageerror', error => wrong.push(error.message));
  page.on('console', message => message.type() === 'error' && wrong.push(message.text()));
  await page.goto(`file://${file}`);
  await page.locator('svg.jp-saturn-gantt').first().waitFor();
  expect(await page.locator('body').innerText()).toContain(LONG);
  await page.screenshot({ path: join(reports, 'keyboard-report.png') });
  await page.close();
  expect(wrong).toEqual([]);
});

test('the chooser leads to the other session and back', async () => {
  const chooser = () => dashboard().getByRole('button', { name: '1 more session' });
  await keys.tabTo(chooser());
  await keys.press('Enter');
  await keys.choose('[data-command="saturn:dashboard"]:has-text("second")');
  await heading('second').waitFor();
  expect(await dashboard().locator('.jp-SaturnGrid-row').count()).toBe(0);
  expect(await tabLabels()).toEqual(expect.arrayContaining(['Saturn: default', 'Saturn: second']));
  await keys.tabTo(chooser());
  await keys.press('Enter');
  await keys.choose('[data-command="saturn:dashboard"]:has-text("default")');
  await heading('default').waitFor();
  await row(LONG).waitFor();
});

test('a task is stopped for good, and nothing wrote an error to the console', async () => {
  await lookAt(LONG);
  await chooseForTask('saturn:task-stop');
  await says(LONG, /stopped/);
  expect(eyes.ours).toEqual([]);
});
