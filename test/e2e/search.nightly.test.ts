import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BrowserPage } from './browser.js';
import { NotebookPage } from './notebook.js';
import { reports, Sandbox } from './sandbox.js';
import { writeSearch } from './searchNotebook.js';
import { LabServer } from './server.js';
import { tellInParts } from './story.js';

/** A search in the real JupyterLab, from its cell to its leaderboard: most points are given up. One story, in order. */

const POINTS = 18;

const sandbox = new Sandbox();
let server: LabServer;
let eyes: BrowserPage;
let notebook: NotebookPage;
let dashboard: Locator;

const shot = (name: string) => eyes.page.screenshot({ path: join(reports, `search-${name}.png`) });
const sweep = () => dashboard.locator('.jp-SaturnDashboard-sweep');

beforeAll(async () => {
  mkdirSync(reports, { recursive: true });
  writeSearch(sandbox, 'search.ipynb', POINTS);
  server = await LabServer.start(sandbox);
  eyes = await BrowserPage.open();
  notebook = new NotebookPage(eyes.page, server);
  dashboard = eyes.page.locator('.jp-SaturnDashboard');
  await notebook.open('search.ipynb');
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

test('points come, most are given up, and the best is told', async () => {
  await notebook.runAll();
  await notebook.ran(notebook.cell('%saturn run'), 120);
  await notebook.command('saturn:dashboard');
  const line = sweep().getByText(
    new RegExp(`^digits: ${POINTS} points, [1-9]\\d* trained to the end, .*best 0\\.`)
  );
  await line.waitFor({ timeout: 240_000 });
  await dashboard.getByText(/^\d+\/18 trained, \d+ given up$/).waitFor({ timeout: 240_000 });
  const [, trained, givenUp] = /, (\d+) trained to the end, (\d+) given up/.exec(
    (await line.textContent()) ?? ''
  )!;
  expect(Number(trained) + Number(givenUp)).toBe(POINTS);
  expect(Number(givenUp)).toBeGreaterThan(POINTS / 3);
  await shot('over');
});

test('the notebook has all of them, those that were given up with their reasons', async () => {
  await notebook.command('docmanager:open', { path: 'search.ipynb' });
  const results = notebook.cell('%saturn results');
  await results.locator('tbody tr').first().waitFor({ timeout: 60_000 });
  expect(await results.locator('tbody tr').count()).toBe(POINTS);
  await results
    .getByText(/^asha: \d+ of \d+ after \d+ steps$/)
    .first()
    .waitFor();
  await results.scrollIntoViewIfNeeded();
  await shot('results');
  expect(eyes.ours).toEqual([]);
});
