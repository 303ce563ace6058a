import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BrowserPage } from './browser.js';
import { NotebookPage } from './notebook.js';
import { reports, Sandbox } from './sandbox.js';
import { LabServer } from './server.js';
import { tellInParts } from './story.js';
import { TINY_TASKS, writeTinySweep } from './tinySweep.js';

/** A sweep in Notebook 7, which has no status bar and room for one document only. */

/** What Notebook 7.6 writes by itself, whether or not this extension is there. */
const ITS_OWN = /Cannot read properties of undefined \(reading 'schema'\)[\s\S]*\/notebook_core\./;

const sandbox = new Sandbox();
let server: LabServer;
let eyes: BrowserPage;
let notebook: NotebookPage;
let panel: Locator;

async function shot(name: string): Promise<void> {
  await eyes.page.screenshot({ path: join(reports, `notebook7-${name}.png`) });
}

beforeAll(async () => {
  mkdirSync(reports, { recursive: true });
  writeTinySweep(sandbox, 'tiny.ipynb');
  server = await LabServer.start(sandbox, { program: 'jupyter-notebook' });
  eyes = await BrowserPage.open();
  notebook = new NotebookPage(eyes.page, server);
  panel = eyes.page.locator('#jupyterlab-saturn-panel');
});

tellInParts(async () => {
  sandbox.keepLogs();
  await shot('failed');
});

afterAll(async () => {
  await eyes.close();
  await server.stop();
  expect(await sandbox.dispose()).toEqual([]);
});

test('the panel opens beside the notebook', async () => {
  await notebook.open('tiny.ipynb');
  await notebook.command('saturn:open');
  await panel.waitFor();
  await panel.getByText('tiny').first().waitFor();
});

test('a sweep trains, and panel and outputs follow it', async () => {
  await notebook.runAll();
  await panel.locator('.jp-SaturnRunning').first().waitFor({ timeout: 120_000 });
  await eyes.page.locator('.jp-SaturnOutput .jp-SaturnWidget svg').first().waitFor();
  await shot('running');
});

test('the dashboard opens below the notebook, and shows all tasks', async () => {
  await notebook.command('saturn:dashboard');
  const dashboard = eyes.page.locator('.jp-SaturnDashboard');
  await dashboard.waitFor();
  await dashboard.locator('.jp-SaturnTaskTable').getByText('tiny-0.1-8').first().waitFor();
  await shot('dashboard');
});

test('its results are in the notebook', async () => {
  const results = notebook.cell('%saturn results');
  await notebook.ran(results, 120);
  await results.scrollIntoViewIfNeeded();
  expect(await results.locator('tbody tr').count()).toBe(TINY_TASKS);
  await shot('results');
});

test('nothing was written to the console as an error', () => {
  expect(eyes.errors.filter(error => !ITS_OWN.test(error))).toEqual([]);
});
