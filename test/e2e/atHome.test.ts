import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BrowserPage } from './browser.js';
import { NotebookPage } from './notebook.js';
import { until } from './processes.js';
import { reports, Sandbox } from './sandbox.js';
import { LabServer } from './server.js';
import { tellInParts } from './story.js';
import { TINY_TASKS, writeTinySweep } from './tinySweep.js';

/** What stays of a sweep outside of the extension: outputs as they are saved, files, notifications, the panel's place. */

const sandbox = new Sandbox();
let server: LabServer;
let eyes: BrowserPage;
let notebook: NotebookPage;
let other: Page;
let panel: Locator;

interface IOutput {
  data?: Record<string, string | string[]>;
}

/** The HTML that is saved of the output of a cell with a text in its source, by the notebook's file. */
function savedHtml(source: string): string {
  const { cells } = JSON.parse(readFileSync(join(sandbox.notebooks, 'tiny.ipynb'), 'utf8')) as {
    cells: { source: string | string[]; outputs?: IOutput[] }[];
  };
  const cell = cells.find(one => [one.source].flat().join('').startsWith(source));
  return (cell?.outputs ?? []).flatMap(({ data }) => data?.['text/html'] ?? []).join('');
}

async function exported(format: string): Promise<string> {
  const [download] = await Promise.all([
    eyes.page.waitForEvent('download'),
    notebook.command('saturn:export', { format })
  ]);
  const file = join(sandbox.folder, download.suggestedFilename());
  await download.saveAs(file);
  return file;
}

/** What a page shows of a file that is opened by itself, and what it asked for besides. */
async function opened(file: string, shows: string): Promise<{ asked: string[]; text: string }> {
  const page = await eyes.page.context().newPage();
  const asked: string[] = [];
  page.on('request', request => asked.push(request.url()));
  await page.goto(`file://${file}`);
  await page.locator(shows).first().waitFor();
  await page.screenshot({ path: join(reports, 'home-exported.png') });
  const text = await page
    .locator('body, svg')
    .first()
    .innerText()
    .catch(() => '');
  await page.close();
  return { asked: asked.filter(url => !url.endsWith(file)), text };
}

beforeAll(async () => {
  mkdirSync(reports, { recursive: true });
  writeTinySweep(sandbox, 'tiny.ipynb', 8); // so long that there is time to look at it
  server = await LabServer.start(sandbox);
  eyes = await BrowserPage.open();
  notebook = new NotebookPage(eyes.page, server);
  panel = eyes.page.locator('#jupyterlab-saturn-panel');
});

tellInParts(async () => {
  sandbox.keepLogs();
  await eyes.page.screenshot({ path: join(reports, 'home-failed.png') });
});

afterAll(async () => {
  await eyes.close();
  await server.stop();
  expect(await sandbox.dispose()).toEqual([]);
});

test('what is saved while it trains says of when it is', async () => {
  await notebook.open('tiny.ipynb');
  other = await eyes.page.context().newPage();
  await other.goto(server.notebook('tiny.ipynb').replace('/lab/', '/lab/workspaces/other/'));
  await other.locator('.jp-Notebook .jp-CodeCell').first().waitFor({ timeout: 60_000 });
  await eyes.page.bringToFront();
  await notebook.runAll();
  const dated = /As of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/;
  await until(
    'what is saved of the run says of when it is',
    async () => {
      await notebook.command('docmanager:save');
      return dated.test(savedHtml('%saturn run'));
    },
    120
  );
});

test('what is saved afterwards tells the end, with the schedule', async () => {
  await notebook.ran(notebook.cell('%saturn results'), 180);
  await until('the output of the run tells the end', async () => {
    await notebook.command('docmanager:save');
    return savedHtml('%saturn run').includes(`${TINY_TASKS}/${TINY_TASKS} trained`);
  });
  expect(savedHtml('%%saturn task')).toContain('tiny-0.1-8');
  expect(savedHtml('%%saturn task')).not.toContain('being built');
  const html = savedHtml('%saturn run');
  expect(html).not.toContain('As of');
  expect(html).toContain('Ended ');
  expect(html).toContain('<svg');
});

test('of two tabs one tells the end, with what to do next', async () => {
  const toasts = (page: Page) =>
    page.locator('.jp-Notification-Toast, .Toastify__toast').filter({ hasText: 'trained in' });
  const number = async () => (await toasts(eyes.page).count()) + (await toasts(other).count());
  await until('it is told', async () => (await number()) > 0);
  await new Promise(resolve => setTimeout(resolve, 3000));
  expect(await number()).toBe(1);
  // Both pages count as seen here.
  const page = (await toasts(other).count()) === 1 ? other : eyes.page;
  await page.bringToFront();
  await page.screenshot({ path: join(reports, 'home-toast.png') });
  await toasts(page).getByRole('button', { name: 'Show Saturn' }).click();
  await page.locator('#jupyterlab-saturn-panel').waitFor();
  await other.close();
  await notebook.command('saturn:open');
});

test('each export works alone', async () => {
  const report = await opened(await exported('html'), 'svg.jp-saturn-gantt');
  expect(report.asked).toEqual([]);
  expect(report.text).toContain('tiny-0.1-8');
  expect((await opened(await exported('svg'), 'svg.jp-saturn-gantt')).asked).toEqual([]);
  const pixels = readFileSync(await exported('png'));
  expect(pixels.subarray(1, 4).toString()).toBe('PNG');
  expect(pixels.readUInt32BE(16)).toBe(2400);
  const lines = readFileSync(await exported('csv'), 'utf8')
    .trim()
    .split('\r\n');
  expect(lines).toHaveLength(1 + TINY_TASKS);
  expect(lines[0]).toContain('params.lr');
  const plan = JSON.parse(readFileSync(await exported('json'), 'utf8'));
  expect(plan.segments.length).toBeGreaterThan(0);
});

test('menus and keys lead there', async () => {
  const { page } = eyes;
  await page.getByRole('menuitem', { name: 'File', exact: true }).click();
  await page.locator('.lm-Menu-item', { hasText: 'Export Saturn Session' }).hover();
  const formats = page.locator('.lm-Menu-item[data-command="saturn:export"]');
  await formats.first().waitFor();
  expect(await formats.locator('.lm-Menu-itemLabel').allInnerTexts()).toEqual([
    'Report as HTML',
    'Schedule as SVG',
    'Schedule as PNG',
    'Tasks as CSV',
    'Plan as JSON'
  ]);
  const [download] = await Promise.all([page.waitForEvent('download'), formats.nth(3).click()]);
  expect(download.suggestedFilename()).toBe('default-tasks.csv');
  await page.locator('.jp-SideBar [data-id="filebrowser"]').first().click();
  await notebook.command('application:toggle-right-area');
  await panel.waitFor({ state: 'hidden' });
  await page.keyboard.press('Alt+Shift+S');
  await panel.waitFor();
});

test('the magic writes the same files', async () => {
  const cell = await notebook.run('%saturn export sweep.html\n%saturn export sweep.csv');
  expect(await cell.innerText()).toContain('sweep.csv');
  expect(readFileSync(join(sandbox.notebooks, 'sweep.html'), 'utf8')).toContain('<!DOCTYPE html>');
});

test('the panel stays where it was moved to', async () => {
  const side = () => eyes.page.locator('#jp-left-stack #jupyterlab-saturn-panel').count();
  expect(await side()).toBe(0);
  await eyes.page.locator('.jp-SideBar [data-id="jupyterlab-saturn-panel"]').click({ button: 'right' });
  await eyes.page.locator('.lm-Menu-item', { hasText: 'Switch Sidebar Side' }).click();
  await until('it is on the other side', async () => (await side()) === 1);
  await new Promise(resolve => setTimeout(resolve, 2000)); // the layout is saved a little later
  await notebook.reload();
  await panel.waitFor();
  expect(await side()).toBe(1);
});

test('nothing of this wrote an error to the console', () => {
  expect(eyes.ours).toEqual([]);
});
