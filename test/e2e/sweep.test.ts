import { mkdirSync } from 'node:fs';
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

/** The quickstart in the real JupyterLab, from its first cell to its leaderboard: one story, told in order. */

const TASKS = 12;
const sandbox = new Sandbox();
let server: LabServer;
let eyes: BrowserPage;
let notebook: NotebookPage;
let panel: Locator;

const section = (name: string) => panel.locator(`[data-section="${name}"]`);
const task = (status: string) =>
  section('tasks').locator(`.jp-SaturnTasks .jp-SaturnStatus.jp-mod-${status}`);
const widget = () => notebook.page.locator('.jp-OutputArea .jp-SaturnWidget').last();

const tasksShown = () => section('tasks').locator('[data-task]').count();

/** Sum of the percents that the panel shows of the tasks in training. */
async function percentsShown(): Promise<number> {
  const bars = await section('run').locator('.jp-SaturnRunning [role="progressbar"]').all();
  const values = await Promise.all(bars.map(bar => bar.getAttribute('aria-valuenow', { timeout: 2000 })));
  return values.reduce((sum, value) => sum + Number(value ?? 0), 0);
}

async function shot(name: string): Promise<void> {
  await eyes.page.screenshot({ path: join(reports, `${name}.png`) });
}

beforeAll(async () => {
  mkdirSync(reports, { recursive: true });
  sandbox.env.SATURN_IDLE_SECONDS = '5';
  // Longer than the example, so that the training is not over before the story is.
  sandbox.copyExample('quickstart.ipynb', text => text.replace('--epochs 10', '--epochs 24'));
  server = await LabServer.start(sandbox);
  eyes = await BrowserPage.open();
  await unfoldPanel(eyes.page);
  notebook = new NotebookPage(eyes.page, server);
  panel = eyes.page.locator('#jupyterlab-saturn-panel');
});

tellInParts(async () => {
  sandbox.keepLogs();
  await notebook.save(join(reports, 'story-failed.ipynb'));
  await shot('story-failed');
});

afterAll(async () => {
  await eyes.close();
  await server.stop();
  expect(await sandbox.dispose()).toEqual([]);
});

test('task cells that have not run yet are in the panel', async () => {
  await notebook.open('quickstart.ipynb');
  await notebook.command('saturn:open');
  const cell = panel.locator('.jp-SaturnCells-item');
  await cell.waitFor();
  expect(await cell.innerText()).toContain('digits');
  expect(await cell.innerText()).toContain(`${TASKS} tasks`);
});

test('running the notebook makes tasks, a profile and a plan', async () => {
  await notebook.runAll();
  await until('the tasks are in the panel', async () => (await task('ready').count()) === TASKS, 120);
  await section('profile').locator('.jp-SaturnProfile tbody tr').first().waitFor({ timeout: 120_000 });
  await section('plan').locator('.jp-SaturnGantt svg').waitFor({ timeout: 180_000 });
  // A first plan is shown while better ones and the simple rules' are still being made.
  const baselines = section('plan').locator('.jp-SaturnBaselines tbody tr');
  await until('the plan is compared with simple rules', async () => (await baselines.count()) === 1 + 7);
  await widget().locator('svg').waitFor();
});

test('training shows its progress in the panel, the widget and the status bar', async () => {
  await task('running').first().waitFor({ timeout: 60_000 });
  const before = await percentsShown();
  await until('tasks get on', async () => (await percentsShown()) > before);
  await widget().locator('svg').waitFor();
  await eyes.page.locator('.jp-SaturnStatusItem', { hasText: /\d+ running/ }).waitFor();
  await shot('story-light');
});

test('a page reloaded while a cell runs finds the session again', async () => {
  await notebook.reload();
  // The layout is restored with the panel open, and the panel does not wait for `%saturn wait` to end.
  await panel.waitFor();
  await until('the tasks are back', async () => (await tasksShown()) === TASKS);
  await task('running').first().waitFor();
});

test('training outlives a kernel restart, and the panel attaches again by itself', async () => {
  await notebook.restartKernel();
  await task('running').first().waitFor({ timeout: 60_000 });
  const before = await percentsShown();
  await until('tasks get on', async () => (await percentsShown()) !== before);
});

test('the new kernel shows what goes on, also after a reload', async () => {
  await notebook.run('%load_ext jupyterlab_saturn');
  const status = await notebook.run('%saturn status');
  await status.locator('.jp-RenderedHTML progress').first().waitFor();
  const schedule = await notebook.run('%saturn show');
  await schedule.locator('.jp-SaturnWidget svg').waitFor();
  await notebook.command('docmanager:save');
  await notebook.reload();
  await widget().locator('svg').waitFor();
  await until('the tasks are back', async () => (await tasksShown()) === TASKS);
  await task('running').first().waitFor();
});

test('the results are those of all tasks', async () => {
  await notebook.run('%saturn wait', 240);
  expect(await task('finished').count()).toBe(TASKS);
  const results = await notebook.run('%saturn results');
  expect(await results.locator('.jp-OutputArea-output table tbody tr').count()).toBe(TASKS);
  expect(await section('best').locator('.jp-SaturnBest li').count()).toBe(5);
  expect(await section('best').locator('.jp-SaturnLeaderboard tbody tr').count()).toBe(TASKS);
});

test('a dark theme shows it as well', async () => {
  await notebook.theme('JupyterLab Dark');
  await section('plan').locator('.jp-SaturnGantt svg').scrollIntoViewIfNeeded();
  await shot('story-dark');
  await notebook.theme('JupyterLab Light');
});

test('a notebook opened again without its kernel shows the picture that was saved', async () => {
  await notebook.command('docmanager:save');
  await notebook.command('notebook:shutdown-kernel');
  await notebook.reload();
  // Cells far from sight are not drawn.
  const schedule = notebook.cell('%saturn show');
  await schedule.scrollIntoViewIfNeeded();
  await schedule.locator('.jp-SaturnOutput .jp-RenderedHTML svg').waitFor();
  expect(await notebook.page.locator('.jp-SaturnOutput .jp-SaturnWidget').count()).toBe(0);
  expect(await notebook.page.getByText('Error displaying widget').count()).toBe(0);
  await shot('story-saved');
});

test('nothing of this wrote an error to the console', () => {
  expect(eyes.ours).toEqual([]);
});
