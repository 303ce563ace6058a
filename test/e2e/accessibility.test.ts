import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BrowserPage } from './browser.js';
import { NotebookPage } from './notebook.js';
import { reports, Sandbox } from './sandbox.js';
import { LabServer } from './server.js';
import { tellInParts } from './story.js';
import { TINY_TASKS, writeTinySweep } from './tinySweep.js';

/** What axe-core finds wrong with our parts of the page, in light, dark and forced colours, and enlarged. */

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** Ours in a page: the side panel, the tab, outputs live and as they were saved, the status bar. */
const PARTS = [
  '#jupyterlab-saturn-panel',
  '.jp-SaturnDashboard',
  '.jp-SaturnOutput',
  '.jp-RenderedHTML .jp-saturn',
  '.jp-SaturnStatusItem'
];
const WHOLE = { width: 1600, height: 1000 };

interface IAxe {
  run(parts: object, options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
}

const sandbox = new Sandbox();
let server: LabServer;
let eyes: BrowserPage;
let notebook: NotebookPage;
let panel: Locator;

/** Rules that are broken, and by what. */
async function violations(name: string): Promise<string[]> {
  await eyes.page.screenshot({ path: join(reports, `accessibility-${name}.png`) });
  await eyes.page.evaluate(AXE);
  return eyes.page.evaluate(
    async ([parts, rules]) => {
      const { axe } = window as unknown as { axe: IAxe };
      const there = parts.filter(part => document.querySelector(part) !== null);
      const found = await axe.run({ include: there.map(part => [part]) }, { runOnly: rules });
      return found.violations.flatMap(({ id, nodes }) =>
        nodes.map(({ html }) => `${id}: ${html.slice(0, 300)}`)
      );
    },
    [PARTS, RULES] as const
  );
}

beforeAll(async () => {
  mkdirSync(reports, { recursive: true });
  sandbox.env.SATURN_IDLE_SECONDS = '5';
  writeTinySweep(sandbox, 'tiny.ipynb');
  server = await LabServer.start(sandbox);
  eyes = await BrowserPage.open();
  notebook = new NotebookPage(eyes.page, server);
  panel = eyes.page.locator('#jupyterlab-saturn-panel');
});

tellInParts(async () => {
  sandbox.keepLogs();
});

afterAll(async () => {
  await eyes.close();
  await server.stop();
  expect(await sandbox.dispose()).toEqual([]);
});

test('before anything has run', async () => {
  await notebook.open('tiny.ipynb');
  await notebook.command('saturn:open');
  await panel.waitFor();
  expect(await violations('empty')).toEqual([]);
});

test('while it trains', async () => {
  await notebook.runAll();
  await eyes.page.locator('.jp-SaturnOutput .jp-SaturnWidget svg').first().waitFor({ timeout: 120_000 });
  expect(await violations('running')).toEqual([]);
});

describe('when all is over', () => {
  beforeAll(async () => {
    await notebook.ran(notebook.cell('%saturn results'), 180);
  });

  test.each([
    ['JupyterLab Light', 'light'],
    ['JupyterLab Dark', 'dark']
  ] as const)('in %s', async (theme, name) => {
    await notebook.theme(theme);
    await notebook.cell('%saturn results').scrollIntoViewIfNeeded();
    expect(await notebook.cell('%saturn results').locator('tbody tr').count()).toBe(TINY_TASKS);
    expect(await violations(name)).toEqual([]);
    await notebook.theme('JupyterLab Light');
  });

  test('in forced colours', async () => {
    await eyes.page.emulateMedia({ forcedColors: 'active' });
    expect(await violations('forced')).toEqual([]);
    await eyes.page.emulateMedia({ forcedColors: 'none' });
  });

  test('enlarged to 150 %, where nothing of the panel is out of reach', async () => {
    await eyes.page.setViewportSize({
      width: Math.round(WHOLE.width / 1.5),
      height: Math.round(WHOLE.height / 1.5)
    });
    expect(await violations('enlarged')).toEqual([]);
    const { scrollWidth, clientWidth } = await panel.evaluate(node => ({
      scrollWidth: node.scrollWidth,
      clientWidth: node.clientWidth
    }));
    expect(scrollWidth).toBeLessThanOrEqual(clientWidth);
    await eyes.page.setViewportSize(WHOLE);
  });
});

describe('the dashboard', () => {
  const dashboard = () => eyes.page.locator('.jp-SaturnDashboard');

  beforeAll(async () => {
    await notebook.command('saturn:dashboard');
    await dashboard().getByText('tiny-0.1-8').first().click();
    await dashboard().locator('svg').first().waitFor();
    await dashboard().locator('.jp-SaturnTaskTable').getByText('tiny-0.1-8').first().waitFor();
  });

  test.each([
    ['JupyterLab Light', 'light'],
    ['JupyterLab Dark', 'dark']
  ] as const)('in %s', async (theme, name) => {
    await notebook.theme(theme);
    expect(await violations(`dashboard-${name}`)).toEqual([]);
    await notebook.theme('JupyterLab Light');
  });

  test('in forced colours', async () => {
    await eyes.page.emulateMedia({ forcedColors: 'active' });
    expect(await violations('dashboard-forced')).toEqual([]);
    await eyes.page.emulateMedia({ forcedColors: 'none' });
  });

  test('enlarged to 150 %, where each of its parts can still be reached', async () => {
    await eyes.page.setViewportSize({
      width: Math.round(WHOLE.width / 1.5),
      height: Math.round(WHOLE.height / 1.5)
    });
    expect(await violations('dashboard-enlarged')).toEqual([]);
    for (const part of ['.jp-SaturnSchedule', '.jp-SaturnTaskTable', '.jp-SaturnDetail']) {
      const box = await dashboard().locator(part).first().boundingBox();
      expect(box?.width, part).toBeGreaterThan(100);
      expect(box?.height, part).toBeGreaterThan(60);
    }
    await eyes.page.setViewportSize(WHOLE);
  });
});
