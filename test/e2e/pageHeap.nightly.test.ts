import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type IPageHoldings, PageMeter } from '../bench/page/pageMeter.js';
import { manyTasks } from '../fixtures/manyTasks.js';
import { BrowserPage } from './browser.js';
import { NotebookPage } from './notebook.js';
import { PlayedSession } from './playedSession.js';
import { Sandbox } from './sandbox.js';
import { LabServer } from './server.js';
import { writeTinySweep } from './tinySweep.js';

/** A page that is left open for hours holds what it held: the same minute of a session is told to it again and again. */

const TASKS = 60;
const FROM = 30;
const UPDATES = 250;
/** So often all of them. */
const ROUNDS = 12;
/** Milliseconds from one update to the next. */
const PERIOD = 20;

describe('a page', () => {
  const sandbox = new Sandbox();
  let server: LabServer;
  let eyes: BrowserPage;

  beforeAll(async () => {
    writeTinySweep(sandbox, 'left.ipynb');
    server = await LabServer.start(sandbox);
    eyes = await BrowserPage.open();
  });

  afterAll(async () => {
    await eyes.close();
    await server.stop();
    expect(await sandbox.dispose()).toEqual([]);
  });

  test('a page holds no more after many updates than after a few', async () => {
    const begin = Date.now() / 1000 - FROM;
    const session = await PlayedSession.on(eyes.page, manyTasks(TASKS, begin).at(FROM), 'left.ipynb');
    const notebook = new NotebookPage(eyes.page, server);
    const meter = await PageMeter.on(eyes.page);
    await notebook.open('left.ipynb');
    await notebook.command('notebook:shutdown-kernel');
    await notebook.command('saturn:open');
    await eyes.page.locator('#jupyterlab-saturn-panel .jp-SaturnRunning-share').first().waitFor();
    await notebook.command('saturn:dashboard', { session: session.id });
    await eyes.page.locator('.jp-SaturnTaskTable [role="row"]').nth(3).waitFor();

    const held: IPageHoldings[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const sweep = manyTasks(TASKS, begin);
      for (let i = 0; i < UPDATES; i++) {
        session.tell(sweep.at(FROM + i / 25));
        await eyes.page.waitForTimeout(PERIOD);
      }
      await eyes.page.waitForTimeout(1500); // until the last of it is drawn
      held.push(await meter.holdings());
    }

    // Parts are loaded, and what is remembered of curves is filled, in the first round.
    const [, before] = held as [IPageHoldings, IPageHoldings];
    const after = held.at(-1) as IPageHoldings;
    const told = JSON.stringify(held);
    expect(after.heapBytes, told).toBeLessThan(1.1 * before.heapBytes);
    expect(after.nodes, told).toBeLessThan(1.1 * before.nodes);
    expect(after.listeners, told).toBeLessThan(1.1 * before.listeners);
    expect(eyes.ours).toEqual([]);
  }, 900_000);
});
