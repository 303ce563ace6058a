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

/** What a page has to do while very many tasks train: panel and dashboard of a session that is told four times a second. */

const UPDATES = 24;
const PERIOD = 250;

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
  const uses: Record<string, IPageUse> = {};

  /** How often the parts of a page that match are drawn while something is done. */
  async function drawn(part: Locator, act: () => Promise<void>): Promise<number> {
    const times = await part.evaluateHandle(node => {
      const found = new Set<number>();
      const observer = new MutationObserver(() => found.add(document.timeline.currentTime as number));
      observer.observe(node, { subtree: true, childList: true, attributes: true, characterData: true });
      return { found, observer };
    });
    await act();
    return times.evaluate(({ found, observer }) => {
      observer.disconnect();
      return found.size;
    });
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
    console.log(count, JSON.stringify(uses));
    await eyes.close();
  });

  test('the panel shows those that train, and not all there are', async () => {
    uses.opening = await meter.during(async () => {
      await notebook.command('saturn:open');
      await panel.locator('.jp-SaturnRunning-share').first().waitFor();
    });
    expect(await panel.locator('.jp-SaturnRunning-share').count()).toBeLessThanOrEqual(8);
    expect(await panel.locator('*').count()).toBeLessThan(1200);
  });

  test('the panel is drawn no more often than somebody can follow', async () => {
    uses.panel = await meter.during(async () => {
      const times = await drawn(panel, () => play(sweep, session));
      console.log('panel drawn', times);
    });
    await eyes.page.screenshot({ path: join(reports, `many-${count}-panel.png`) });
  });

  test('the dashboard draws the rows in sight', async () => {
    uses.dashboardOpening = await meter.during(async () => {
      await notebook.command('saturn:dashboard', { session: session.id });
      await dashboard.locator('.jp-SaturnTaskTable [role="row"]').nth(3).waitFor();
    });
    await dashboard.locator('svg .jp-saturn-bar').first().waitFor();
    console.log(
      'rows',
      await dashboard.locator('[role="row"]').count(),
      'nodes',
      await dashboard.locator('*').count()
    );
    expect(session.lines).toBe(1);
  });

  test('the dashboard is drawn no more often either', async () => {
    uses.dashboard = await meter.during(async () => {
      const told = session.told;
      const times = await drawn(dashboard, () => play(sweep, session));
      console.log('dashboard drawn', times, 'told', session.told - told);
    });
    await eyes.page.screenshot({ path: join(reports, `many-${count}-dashboard.png`) });
  });

  test('nothing of this wrote an error to the console', () => {
    expect(eyes.ours).toEqual([]);
  });
});
