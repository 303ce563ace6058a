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

/** The quickstart up to its plan, and then what-if questions put by hand: one story, told in order. */

const sandbox = new Sandbox();
let server: LabServer;
let eyes: BrowserPage;
let notebook: NotebookPage;
let panel: Locator;

const whatIf = () => panel.locator('.jp-SaturnWhatIf');
const bars = () => whatIf().locator('.jp-SaturnGantt [data-kind="planned"]');
const bar = (task: string) => whatIf().locator(`.jp-SaturnGantt [data-kind="planned"][data-task="${task}"]`);
const wish = (task: string) => whatIf().locator(`.jp-SaturnWhatIf-wishes li[data-task="${task}"]`);
const settled = () =>
  until(
    'the answer is there',
    async () => (await whatIf().locator('.jp-SaturnWhatIf-answer[aria-busy="false"]').count()) === 1
  );

async function shot(name: string): Promise<void> {
  await eyes.page.screenshot({ path: join(reports, `${name}.png`) });
}

/** A notebook without the cells from one of them on. */
function upTo(text: string, id: string): string {
  const notebook = JSON.parse(text) as { cells: { id: string }[] };
  notebook.cells.splice(notebook.cells.findIndex(cell => cell.id === id));
  return JSON.stringify(notebook);
}

beforeAll(async () => {
  mkdirSync(reports, { recursive: true });
  sandbox.copyExample('quickstart.ipynb', text => upTo(text, 'run-text'));
  server = await LabServer.start(sandbox);
  eyes = await BrowserPage.open();
  await unfoldPanel(eyes.page);
  notebook = new NotebookPage(eyes.page, server);
  panel = eyes.page.locator('#jupyterlab-saturn-panel');
  await notebook.open('quickstart.ipynb');
  await notebook.command('saturn:open');
  await notebook.runAll();
  await panel.locator('[data-section="plan"] .jp-SaturnGantt svg').waitFor({ timeout: 240_000 });
  await notebook.ran(notebook.cell('%saturn plan'), 60);
});

tellInParts(async () => {
  sandbox.keepLogs();
  await shot('what-if-failed');
});

afterAll(async () => {
  await eyes.close();
  await server.stop();
  expect(await sandbox.dispose()).toEqual([]);
});

test('the plan says how good it is, and a simple rule is shown under it', async () => {
  const plan = panel.locator('[data-section="plan"]');
  expect(await plan.locator('.jp-SaturnSentence').allInnerTexts()).toEqual(
    expect.arrayContaining([expect.stringMatching(/above the best possible|No plan can be shorter/)])
  );
  await plan.getByRole('button', { name: 'max', exact: true }).click();
  await plan.locator('[data-kind="baseline"]').first().waitFor();
  await shot('what-if-baseline');
  await plan.getByRole('button', { name: 'max', exact: true }).click();
});

test('a bar dragged to the other device is pinned there, and the plan made anew around it', async () => {
  await whatIf().getByRole('button', { name: 'Move tasks by hand' }).click();
  await bars().first().waitFor();
  await settled();
  const one = whatIf().locator('.jp-SaturnGantt [data-kind="planned"][aria-label*="single x1 on"]').last();
  await one.scrollIntoViewIfNeeded();
  const task = (await one.getAttribute('data-task')) as string;
  const on = async () => (await bar(task).getAttribute('aria-label'))?.match(/ on (cpu\d)/)?.[1];
  const before = await on();
  const box = await one.boundingBox();
  expect(box).not.toBeNull();
  const { x, y, width, height } = box as NonNullable<typeof box>;
  const down = before === 'cpu0' ? 26 : -26;
  await eyes.page.mouse.move(x + width / 2, y + height / 2);
  await eyes.page.mouse.down();
  await eyes.page.mouse.move(x + width / 2, y + height / 2 + down / 2);
  await eyes.page.mouse.move(x + width / 2, y + height / 2 + down);
  await whatIf().locator('.jp-SaturnGantt-ghost').waitFor();
  await shot('what-if-drag');
  await eyes.page.mouse.up();
  await wish(task).waitFor();
  await until('the bar is on the other device', async () => ((await on()) ?? before) !== before);
  expect(await bar(task).getAttribute('class')).toContain('jp-mod-pinned');
  await settled();
  expect(await whatIf().locator('.jp-SaturnWhatIf-result').innerText()).toMatch(/ s|min/);
  await wish(task).getByRole('button').click();
  await until('the pin is gone', async () => (await wish(task).count()) === 0);
});

test('by keyboard, too, without losing the focus', async () => {
  await settled();
  const one = bars().first();
  const task = (await one.getAttribute('data-task')) as string;
  await one.focus();
  await eyes.page.keyboard.press('Shift+ArrowRight');
  await wish(task).getByText('not before').waitFor();
  await eyes.page.keyboard.press('Enter');
  await wish(task)
    .getByText(/^as .* x\d/)
    .waitFor();
  const focused = () => eyes.page.evaluate(() => (document.activeElement as SVGElement).dataset?.task);
  expect(await focused()).toBe(task);
  await settled();
  await shot('what-if-light');
  await notebook.theme('JupyterLab Dark');
  await shot('what-if-dark');
  await notebook.theme('JupyterLab Light');
  await bar(task).focus();
  await eyes.page.keyboard.press('Delete');
  await until('it is let go', async () => (await wish(task).count()) === 0);
});

test('a deadline nothing can meet is told with what would help', async () => {
  await whatIf().locator('input[type="number"]').fill('0.5');
  await whatIf().getByRole('button', { name: 'Set' }).click();
  await whatIf().getByRole('button', { name: 'Take back: all tasks' }).waitFor();
  await whatIf().locator('.jp-SaturnList.jp-mod-warning').waitFor();
  await settled();
  await shot('what-if-deadline');
});

test('nothing of this wrote an error to the console', () => {
  expect(eyes.ours).toEqual([]);
});
