/**
 * `npm run bench:page`: what a page of JupyterLab costs while many tasks train: with the panel in sight, then with the
 * dashboard. `-- --tasks 300` is one size only, `-- --seconds 30` looks longer.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Locator } from 'playwright-core';
import { BrowserPage } from '../e2e/browser.js';
import { NotebookPage } from '../e2e/notebook.js';
import { until } from '../e2e/processes.js';
import { Sandbox } from '../e2e/sandbox.js';
import { LabServer } from '../e2e/server.js';
import { manyTasksNotebook } from './page/manyTasksNotebook.js';
import { type IPageUse, PageMeter } from './page/pageMeter.js';

const DEVICES = 8;

const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '12,300,1000' },
    seconds: { type: 'string', default: '15' }
  }
});

console.log(
  `${'tasks'.padStart(6)}  ${'in sight'.padEnd(18)}${'long'.padStart(8)}${'worst'.padStart(9)}` +
    `${'computed'.padStart(10)}${'key'.padStart(9)}${'web socket'.padStart(13)}${'nodes'.padStart(8)}${'heap'.padStart(9)}`
);
for (const tasks of values.tasks.split(',').map(Number)) {
  await measure(tasks, Number(values.seconds));
}
console.log(`
in sight: of the notebook's page besides its cells. long: share of the time in tasks over 50 ms, and the longest. computed: the
most that a task of the page computed, which others on the machine do not change. key: from a key to the next frame, the slowest.
nodes: elements in the page. heap: after a collection. in ... s: from opening it until what it shows is there.`);

async function measure(tasks: number, seconds: number): Promise<void> {
  const sandbox = new Sandbox();
  sandbox.env.SATURN_IDLE_SECONDS = '5';
  writeFileSync(join(sandbox.notebooks, 'many.ipynb'), manyTasksNotebook(tasks, DEVICES));
  const server = await LabServer.start(sandbox);
  const eyes = await BrowserPage.open();
  try {
    const notebook = new NotebookPage(eyes.page, server);
    const meter = await PageMeter.on(eyes.page);
    await notebook.open('many.ipynb');
    const { page } = eyes;
    const section = page.locator('#jupyterlab-saturn-panel [data-section]').first();
    await opening(tasks, 'panel', () => notebook.command('saturn:open'), section, meter);
    await notebook.runAll();
    await until('tasks train', async () => trains(eyes), 300);
    await notebook.cell('a place to type').locator('.cm-content').click();
    row(tasks, 'panel', seconds, await meter.watch(seconds));
    const open = () => notebook.command('saturn:dashboard');
    const line = page.locator('.jp-SaturnTaskTable [role="row"]').nth(3);
    await opening(tasks, 'dashboard', open, line, meter);
    row(tasks, 'dashboard', seconds, await meter.watch(seconds));
    // Where no notebook is open, nothing of the session is known yet.
    await page.goto(`${server.url}/lab?reset&token=${server.token}`);
    await page.locator('#jupyterlab-splash').waitFor({ state: 'detached', timeout: 60_000 });
    await page.locator('.jp-LauncherCard', { hasText: 'Saturn' }).waitFor({ timeout: 60_000 });
    await opening(tasks, 'new tab', open, line, meter);
  } finally {
    await eyes.close();
    await server.stop();
    await sandbox.dispose(1); // it still trains
  }
}

/** Opens a part of the page, and tells how long it takes until something of it is in sight. */
async function opening(
  tasks: number,
  name: string,
  open: () => Promise<void>,
  shown: Locator,
  meter: PageMeter
): Promise<void> {
  const since = performance.now();
  let seconds = 0;
  const use = await meter.during(async () => {
    await open();
    await shown.waitFor();
    seconds = (performance.now() - since) / 1000;
  });
  row(tasks, `${name} in ${seconds.toFixed(2)} s`, seconds, use);
}

/** Whether the panel says that tasks train. */
async function trains({ page }: BrowserPage): Promise<boolean> {
  return (await page.locator('#jupyterlab-saturn-panel .jp-SaturnRunning-share').count()) > 0;
}

function row(tasks: number, inSight: string, seconds: number, use: IPageUse): void {
  const { longMs, worstMs, worstCpuMs, keyMs, bytesPerSecond, nodes, heapBytes } = use;
  console.log(
    `${String(tasks).padStart(6)}  ${inSight.padEnd(18)}${`${((longMs / seconds / 1000) * 100).toFixed(0)} %`.padStart(8)}` +
      `${`${worstMs.toFixed(0)} ms`.padStart(9)}${`${worstCpuMs.toFixed(0)} ms`.padStart(10)}${`${keyMs.toFixed(0)} ms`.padStart(9)}` +
      `${`${(bytesPerSecond / 1000).toFixed(1)} kB/s`.padStart(13)}${String(nodes).padStart(8)}` +
      `${`${(heapBytes / 1e6).toFixed(0)} MB`.padStart(9)}`
  );
}
