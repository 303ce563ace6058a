import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ISearchedSweep, searchedLoss, searchedSweep } from '../fixtures/searchedSweep.js';
import { violations } from './axe.js';
import { BrowserPage } from './browser.js';
import { NotebookPage } from './notebook.js';
import { PlayedSession } from './playedSession.js';
import { reports, Sandbox } from './sandbox.js';
import { LabServer } from './server.js';
import { tellInParts } from './story.js';
import { writeTinySweep } from './tinySweep.js';

/** A search of 54 points, most of which are given up early, as panel and dashboard show it. One story, in order. */

const sandbox = new Sandbox();
let server: LabServer;
let eyes: BrowserPage;
let notebook: NotebookPage;
let session: PlayedSession;
let sweep: ISearchedSweep;
let panel: Locator;
let dashboard: Locator;

const shot = (name: string) => eyes.page.screenshot({ path: join(reports, `searched-${name}.png`) });
const tell = (share: number) => session.tell(sweep.at(sweep.seconds * share));
const rows = () => dashboard.locator('.jp-SaturnGrid-row[data-task]');
const tab = (name: string) => dashboard.locator(`[role="tab"][data-tab="${name}"]`).click();

beforeAll(async () => {
  mkdirSync(reports, { recursive: true });
  writeTinySweep(sandbox, 'searched.ipynb');
  server = await LabServer.start(sandbox);
  eyes = await BrowserPage.open();
  const { seconds } = searchedSweep(0);
  sweep = searchedSweep(Date.now() / 1000 - seconds);
  session = await PlayedSession.on(eyes.page, sweep.at(0), 'searched.ipynb', searchedLoss);
  notebook = new NotebookPage(eyes.page, server);
  panel = eyes.page.locator('#jupyterlab-saturn-panel');
  dashboard = eyes.page.locator('.jp-SaturnDashboard');
  await notebook.open('searched.ipynb');
  await notebook.command('notebook:shutdown-kernel');
  await notebook.command('saturn:open');
});

tellInParts(async () => {
  await shot('failed');
});

afterAll(async () => {
  await eyes.close();
  await server.stop();
  expect(await sandbox.dispose()).toEqual([]);
});

test('before a task has begun, the panel says how many points there are', async () => {
  await panel.locator('.jp-SaturnSweep').getByText('digits: 4 of 54 points').waitFor();
  await panel.getByText('none has been compared yet').waitFor();
  await shot('panel-early');
});

test('points come, and most are given up', async () => {
  tell(0.6);
  await panel.getByText('34 of 54 points, 2 trained to the end, 26 given up early').waitFor();
  const bar = panel.getByRole('img', { name: 'Of 54 points 2 trained, 2 training, 26 given up' });
  expect(await bar.locator('span').count()).toBe(3);
  await panel.locator('.jp-SaturnBest li').first().waitFor();
  expect(await panel.locator('.jp-SaturnBest li').allInnerTexts()).toHaveLength(5);
  await shot('panel');
  expect(await violations(eyes.page, 'searched-panel')).toEqual([]);
});

test('the tasks are a leaderboard, those first that are the best', async () => {
  await notebook.command('saturn:dashboard', { session: session.id });
  await dashboard.locator('.jp-SaturnDashboard-sweep').getByText('34 of 54 points').waitFor();
  await rows().nth(3).waitFor();
  const places = await dashboard.locator('.jp-SaturnGrid-row[data-task] [aria-colindex="2"]').allInnerTexts();
  expect(places.slice(0, 3).map(text => text.trim())).toEqual(['1', '2', '3']);
  await rows().nth(1).getByText('0.9714', { exact: true }).waitFor();
  await shot('dashboard');
  expect(await violations(eyes.page, 'searched-dashboard')).toEqual([]);
});

test('a chip leaves those that were given up', async () => {
  const chip = dashboard.getByRole('button', { name: 'Given up 26' });
  await chip.focus();
  await eyes.page.keyboard.press('Space');
  await dashboard.getByRole('status').getByText('26 of 34 tasks').waitFor();
  await rows().first().getByText('given up').waitFor();
  await eyes.page.keyboard.press('Space');
});

test('curves end where tasks were given up; the table beneath says where', async () => {
  await tab('curves');
  await dashboard.getByText('where one was given up is a cross').waitFor();
  await dashboard.locator('.jp-SaturnLegend').getByText('× given up').first().waitFor();
  await dashboard.locator('.jp-SaturnChart canvas').waitFor();
  await shot('curves');
});

test('parameters are drawn over the range that is searched, from the first points on', async () => {
  await tab('parameters');
  const axis = dashboard.locator('[data-axis="param:lr"]');
  await axis.locator('text', { hasText: 'lr (log)' }).first().waitFor();
  const ticks = () => axis.locator('text').allInnerTexts();
  const before = await ticks();
  await shot('parameters');
  tell(1);
  await dashboard.locator('.jp-SaturnDashboard-sweep').getByText('54 points, 2 trained').waitFor();
  expect(await ticks()).toEqual(before);
  await shot('over');
  expect(await violations(eyes.page, 'searched-over')).toEqual([]);
});

test('nothing of this wrote an error to the console', () => {
  expect(eyes.ours).toEqual([]);
});
