import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type IPageUse, PageMeter } from '../bench/page/pageMeter.js';
import { type IManyTasks, manyTasks } from '../fixtures/manyTasks.js';
import { BrowserPage } from './browser.js';
import { NotebookPage } from './notebook.js';
import { PlayedSession } from './playedSession.js';
import { reports, Sandbox } from './sandbox.js';
import { LabServer } from './server.js';
import { tellInParts } from './story.js';
import { writeTinySweep } from './tinySweep.js';

/**
 * What a page has to do while very many tasks train: panel and dashboard of a session that is told four times a second. What
 * is counted does not depend on how fast the machine is; a task of the page is measured by what it computes.
 */

const UPDATES = 16;
/** Milliseconds from one update to the next. */
const PERIOD = 250;
/** So often a second a part may be drawn. */
const MOST_DRAWN = 2;
/** What is drawn so late after the rest of its update that it is counted by itself; of sixteen updates that were played. */
const SLOWLY = 4;
/** Milliseconds that a task of the page may compute: several times what it does, for cores that are slower. */
const MOST_CPU = 400;
/** So many tasks train at a time. */
const DEVICES = 8;

const sandbox = new Sandbox();
let server: LabServer;

beforeAll(async () => {
  mkdirSync(reports, { recursive: true });
  writeTinySweep(sandbox, 'many.ipynb');
  server = await LabServer.start(sandbox);
});

afterAll(async () => {
  await server.stop();
  expect(await sandbox.dispose()).toEqual([]);
});

/** Tell what becomes of a sweep, from a third of it on. */
async function play(sweep: IManyTasks, session: PlayedSession, updates = UPDATES): Promise<void> {
  for (let i = 1; i <= updates; i++) {
    session.tell(sweep.at(sweep.seconds / 3 + (i * PERIOD) / 1000));
    await new Promise(resolve => setTimeout(resolve, PERIOD));
  }
}

describe.each([300, 1000])('while %i tasks train', count => {
  let eyes: BrowserPage;
  let notebook: NotebookPage;
  let meter: PageMeter;
  let session: PlayedSession;
  let sweep: IManyTasks;
  let panel: Locator;
  let dashboard: Locator;
  /** How often a part of a page is drawn while its session is told on, and what it has to compute for it. */
  async function followed(part: Locator): Promise<{ drawn: number; seconds: number; use: IPageUse }> {
    const times = await part.evaluateHandle(node => {
      const found = new Set<number>();
      const observer = new MutationObserver(() => found.add(Math.floor(performance.now() / 100)));
      // What is said, and not lines that are drawn when what they show has come.
      observer.observe(node, { subtree: true, childList: true, characterData: true });
      return { found, observer };
    });
    const since = Date.now();
    const use = await meter.during(() => play(sweep, session));
    const seconds = (Date.now() - since) / 1000;
    const drawn = await times.evaluate(({ found, observer }) => {
      observer.disconnect();
      // What is drawn over two frames, or at once after, is one time.
      return [...found].filter(time => !found.has(time - 1)).length;
    });
    return { drawn, seconds, use };
  }

  beforeAll(async () => {
    const { seconds } = manyTasks(count, 0);
    sweep = manyTasks(count, Date.now() / 1000 - seconds / 3);
    eyes = await BrowserPage.open();
    session = await PlayedSession.on(eyes.page, sweep.at(sweep.seconds / 3), 'many.ipynb');
    notebook = new NotebookPage(eyes.page, server);
    meter = await PageMeter.on(eyes.page);
    panel = eyes.page.locator('#jupyterlab-saturn-panel');
    dashboard = eyes.page.locator('.jp-SaturnDashboard');
    await notebook.open('many.ipynb');
    await notebook.command('notebook:shutdown-kernel');
  });

  tellInParts(async () => {
    await eyes.page.screenshot({ path: join(reports, `many-${count}-failed.png`) });
  });

  afterAll(async () => {
    await eyes.close();
  });

  test('the panel shows those that train, and not all there are', async () => {
    const { worstCpuMs } = await meter.during(async () => {
      await notebook.command('saturn:open');
      await panel.locator('.jp-SaturnRunning-share').first().waitFor();
    });
    expect(worstCpuMs).toBeLessThan(MOST_CPU);
    expect(await panel.locator('.jp-SaturnRunning-share').count()).toBeLessThanOrEqual(DEVICES);
    expect(await panel.locator('*').count()).toBeLessThan(1000);
  });

  test('the panel is drawn no more often than somebody can follow', async () => {
    const { drawn, seconds, use } = await followed(panel);
    await eyes.page.screenshot({ path: join(reports, `many-${count}-panel.png`) });
    expect(drawn).toBeGreaterThan(1);
    expect(drawn).toBeLessThanOrEqual(MOST_DRAWN * seconds + SLOWLY);
    expect(use.worstCpuMs).toBeLessThan(MOST_CPU);
  });

  test('the dashboard draws the rows in sight, and uses the line that is there', async () => {
    const { worstCpuMs } = await meter.during(async () => {
      await notebook.command('saturn:dashboard', { session: session.id });
      await dashboard.locator('.jp-SaturnTaskTable [role="row"]').nth(3).waitFor();
      await dashboard.locator('svg .jp-saturn-bar').first().waitFor();
    });
    expect(worstCpuMs).toBeLessThan(MOST_CPU);
    expect(session.lines).toBe(1);
    expect(await dashboard.locator('[role="row"]').count()).toBeLessThan(60);
    // Two elements a bar: in the schedule all tasks are in sight.
    expect(await dashboard.locator('*').count()).toBeLessThan(1500 + 4 * count);
  });

  test('the dashboard is drawn no more often either, and told little', async () => {
    const told = session.told;
    const { drawn, seconds, use } = await followed(dashboard);
    await eyes.page.screenshot({ path: join(reports, `many-${count}-dashboard.png`) });
    expect(drawn).toBeGreaterThan(1);
    expect(drawn).toBeLessThanOrEqual(MOST_DRAWN * seconds + SLOWLY);
    expect(use.worstCpuMs).toBeLessThan(MOST_CPU);
    // Of two thirds of the tasks that wait, when they are to begin; four times while it was played.
    expect(session.told - told).toBeLessThan(400 * count + 150_000);
  });

  test('nothing of this wrote an error to the console', () => {
    expect(eyes.ours).toEqual([]);
  });
});
