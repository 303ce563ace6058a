import { mkdirSync } from 'node:fs';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { violations } from './axe.js';
import { BrowserPage } from './browser.js';
import { NotebookPage } from './notebook.js';
import { reports, Sandbox } from './sandbox.js';
import { LabServer } from './server.js';
import { tellInParts } from './story.js';
import { TINY_TASKS, writeTinySweep } from './tinySweep.js';

/** What axe-core finds wrong with our parts of the page, in light, dark and forced colours, and enlarged. */

const WHOLE = { width: 1600, height: 1000 };

const sandbox = new Sandbox();
let server: LabServer;
let eyes: BrowserPage;
let notebook: NotebookPage;
let panel: Locator;

beforeAll(async () => {
  mkdirSync(reports, { recursive: true });
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
  expect(await violations(eyes.page, 'empty')).toEqual([]);
});

test('while it trains', async () => {
  await notebook.runAll();
  await eyes.page.locator('.jp-SaturnOutput .jp-SaturnWidget svg').first().waitFor({ timeout: 120_000 });
  expect(await violations(eyes.page, 'running')).toEqual([]);
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
    expect(await violations(eyes.page, name)).toEqual([]);
    await notebook.theme('JupyterLab Light');
  });

  test('in forced colours', async () => {
    await eyes.page.emulateMedia({ forcedColors: 'active' });
    expect(await violations(eyes.page, 'forced')).toEqual([]);
    await eyes.page.emulateMedia({ forcedColors: 'none' });
  });

  test('enlarged to 150 %, where nothing of the panel is out of reach', async () => {
    await eyes.page.setViewportSize({
      width: Math.round(WHOLE.width / 1.5),
      height: Math.round(WHOLE.height / 1.5)
    });
    expect(await violations(eyes.page, 'enlarged')).toEqual([]);
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
    await dashboard().locator('.jp-SaturnTaskTable').getByText('tiny-0.1-8').first().click();
    await dashboard().locator('svg').first().waitFor();
  });

  test.each([
    ['JupyterLab Light', 'light'],
    ['JupyterLab Dark', 'dark']
  ] as const)('in %s', async (theme, name) => {
    await notebook.theme(theme);
    expect(await violations(eyes.page, `dashboard-${name}`)).toEqual([]);
    await notebook.theme('JupyterLab Light');
  });

  test('in forced colours', async () => {
    await eyes.page.emulateMedia({ forcedColors: 'active' });
    expect(await violations(eyes.page, 'dashboard-forced')).toEqual([]);
    await eyes.page.emulateMedia({ forcedColors: 'none' });
  });

  test('enlarged to 150 %, where each of its parts can still be reached', async () => {
    await eyes.page.setViewportSize({
      width: Math.round(WHOLE.width / 1.5),
      height: Math.round(WHOLE.height / 1.5)
    });
    expect(await violations(eyes.page, 'dashboard-enlarged')).toEqual([]);
    for (const part of ['.jp-SaturnSchedule', '.jp-SaturnTaskTable', '.jp-SaturnTaskDetail']) {
      const box = await dashboard().locator(part).first().boundingBox();
      expect(box?.width, part).toBeGreaterThan(350);
      expect(box?.height, part).toBeGreaterThan(200);
    }
    await eyes.page.setViewportSize(WHOLE);
  });
});
