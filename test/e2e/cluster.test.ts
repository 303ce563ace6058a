import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SessionState } from '../../src/core/wire/messages.js';
import { manyTasks } from '../fixtures/manyTasks.js';
import { onNodes } from '../fixtures/onNodes.js';
import { clusteredSession, T0 } from '../unit/view/sessionStates.js';
import { violations } from './axe.js';
import { BrowserPage } from './browser.js';
import { NotebookPage } from './notebook.js';
import { PlayedSession } from './playedSession.js';
import { reports, Sandbox } from './sandbox.js';
import { LabServer } from './server.js';
import { tellInParts } from './story.js';
import { writeTinySweep } from './tinySweep.js';

/** What a page shows of a session of several nodes: of three, one of them lost, and of a hundred. */

const sandbox = new Sandbox();
let server: LabServer;
let eyes: BrowserPage;
let notebook: NotebookPage;
let panel: Locator;
let dashboard: Locator;

beforeAll(async () => {
  mkdirSync(reports, { recursive: true });
  writeTinySweep(sandbox, 'nodes.ipynb');
  server = await LabServer.start(sandbox);
});

tellInParts(async () => {
  await eyes.page.screenshot({ path: join(reports, 'cluster-failed.png') });
});

afterAll(async () => {
  await server.stop();
  expect(await sandbox.dispose()).toEqual([]);
});

async function open(): Promise<void> {
  eyes = await BrowserPage.open();
  notebook = new NotebookPage(eyes.page, server);
  panel = eyes.page.locator('#jupyterlab-saturn-panel');
  dashboard = eyes.page.locator('.jp-SaturnDashboard');
}

describe('of three nodes', () => {
  // As if it had begun just now.
  const shift = Date.now() / 1000 - 12 - T0;
  const moved: SessionState = JSON.parse(JSON.stringify(clusteredSession()), (_, value) =>
    typeof value === 'number' && Math.abs(value - T0) < 1000 ? value + shift : value
  );
  const there = { ...moved.cluster!.nodes[1]!, id: 'gpu-7', notices: [] };
  const before = {
    ...moved,
    cluster: { nodes: [...moved.cluster!.nodes, there] },
    nodes: moved.nodes!.map(({ error: _, ...node }) => ({ ...node, state: 'connected' as const }))
  };
  let session: PlayedSession;

  beforeAll(async () => {
    await open();
    session = await PlayedSession.on(eyes.page, before, 'nodes.ipynb');
    await notebook.open('nodes.ipynb');
    await notebook.command('notebook:shutdown-kernel');
    await notebook.command('saturn:open');
    await notebook.command('saturn:dashboard', { session: session.id });
  });

  afterAll(() => eyes.close());

  test('the panel says which are there, and a notification which is lost', async () => {
    await panel.getByText('3 nodes, 8 devices').first().waitFor();
    session.tell({ ...moved, rev: before.rev + 1 });
    await panel.getByText(/2 nodes, 5 devices; gpu-7 away since/).waitFor();
    await eyes.page
      .getByText(/node gpu-7 is away; its tasks go on elsewhere/)
      .first()
      .waitFor();
    const row = panel.locator('[data-section="cluster"] tr', { hasText: 'gpu-9' });
    expect(await row.innerText()).toMatch(/left out/);
  });

  test('the dashboard says it as well, and hatches the time in which it is away', async () => {
    await dashboard
      .getByText(/gpu-7 away since/)
      .first()
      .waitFor();
    expect(await dashboard.locator('.jp-saturn-absence').count()).toBe(1);
    await dashboard.locator('summary', { hasText: 'Nodes' }).click();
    await dashboard.locator('details tr', { hasText: 'gpu-8' }).waitFor();
    expect(await violations(eyes.page, 'nodes-light')).toEqual([]);
  });

  test('nothing of it is hard to read in the dark', async () => {
    await notebook.theme('JupyterLab Dark');
    expect(await violations(eyes.page, 'nodes-dark')).toEqual([]);
    expect(eyes.ours).toEqual([]);
  });
});

describe('of a hundred nodes of eight devices', () => {
  const sweep = manyTasks(1000, Date.now() / 1000 - 6, 800);
  let session: PlayedSession;

  beforeAll(async () => {
    await open();
    session = await PlayedSession.on(eyes.page, onNodes(sweep.at(6), 8), 'nodes.ipynb');
    await notebook.open('nodes.ipynb');
    await notebook.command('notebook:shutdown-kernel');
    await notebook.command('saturn:dashboard', { session: session.id });
    await dashboard.locator('svg .jp-saturn-bar').first().waitFor();
  });

  afterAll(() => eyes.close());

  test('nodes are folded at first, and only what is in sight is drawn', async () => {
    await dashboard.getByText('100 nodes, 800').first().waitFor();
    await eyes.page.screenshot({ path: join(reports, 'cluster-100.png') });
    expect(await dashboard.locator('svg [data-layer="back"] line').count()).toBeLessThan(1000);
    await dashboard.getByRole('button', { name: 'Unfold all nodes' }).click();
    await dashboard.getByRole('button', { name: 'Fold all nodes' }).waitFor();
    await dashboard.getByText('cuda7', { exact: true }).first().waitFor();
    await eyes.page.screenshot({ path: join(reports, 'cluster-100-unfolded.png') });
    expect(await dashboard.locator('svg [data-layer="back"] line').count()).toBeLessThan(400);
    expect(await dashboard.locator('svg .jp-saturn-bar').count()).toBeLessThan(400);
  });

  test('a node is folded by keyboard', async () => {
    await dashboard.locator('summary', { hasText: '100 nodes' }).focus();
    await eyes.page.keyboard.press('Enter');
    const node = dashboard.getByRole('button', { name: 'node7', exact: true });
    await node.focus();
    await eyes.page.keyboard.press('Enter');
    expect(await node.getAttribute('aria-expanded')).toBe('false');
    expect(eyes.ours).toEqual([]);
  });
});
