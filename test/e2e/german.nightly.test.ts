import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BrowserPage } from './browser.js';
import { NotebookPage } from './notebook.js';
import { until } from './processes.js';
import { reports, repository, Sandbox } from './sandbox.js';
import { LabServer } from './server.js';
import { tellInParts } from './story.js';
import { writeTinySweep } from './tinySweep.js';

/** The real JupyterLab in German, where a language pack of its own is installed. */

const sandbox = new Sandbox();
let server: LabServer;
let eyes: BrowserPage;
let notebook: NotebookPage;
let panel: Locator;

/** An installed language pack of JupyterLab, without a text, and the entry points of this package as of now. */
function installGerman(): void {
  const packages = join(sandbox.folder, 'packages');
  const project = readFileSync(join(repository, 'python-shim', 'pyproject.toml'), 'utf8');
  const ours = project.match(/\[project\.entry-points\."jupyterlab\.locale"\]\n(\w+) = "(\w+)"/)!;
  mkdirSync(join(packages, 'german_pack'), { recursive: true });
  mkdirSync(join(packages, 'german-0.dist-info'));
  writeFileSync(join(packages, 'german_pack', '__init__.py'), '');
  writeFileSync(
    join(packages, 'german-0.dist-info', 'entry_points.txt'),
    `[jupyterlab.languagepack]\nde_DE = german_pack\n[jupyterlab.locale]\n${ours[1]} = ${ours[2]}\n`
  );
  writeFileSync(
    join(packages, 'german-0.dist-info', 'METADATA'),
    'Metadata-Version: 2.1\nName: german\nVersion: 0\n'
  );
  sandbox.env.PYTHONPATH = [packages, process.env.PYTHONPATH].filter(Boolean).join(delimiter);
}

beforeAll(async () => {
  mkdirSync(reports, { recursive: true });
  installGerman();
  writeTinySweep(sandbox, 'tiny.ipynb');
  server = await LabServer.start(sandbox, {
    settings: { '@jupyterlab/translation-extension:plugin': { locale: 'de_DE' } }
  });
  eyes = await BrowserPage.open();
  notebook = new NotebookPage(eyes.page, server);
  panel = eyes.page.locator('#jupyterlab-saturn-panel');
});

tellInParts(async () => {
  sandbox.keepLogs();
  await eyes.page.screenshot({ path: join(reports, 'german-failed.png') });
});

afterAll(async () => {
  await eyes.close();
  await server.stop();
  expect(await sandbox.dispose()).toEqual([]);
});

test('the panel is in German before there is a session', async () => {
  await notebook.open('tiny.ipynb');
  await notebook.command('saturn:open');
  await panel.getByText('%saturn ist nicht geladen').waitFor();
});

test('what is said of a session is in German, too', async () => {
  await notebook.runAll();
  await notebook.ran(notebook.cell('%saturn results'), 240);
  await eyes.page.locator('.jp-SaturnStatusItem', { hasText: 'Saturn: 4/4 trainiert' }).waitFor();
  await until('the panel tells of it', async () => (await panel.innerText()).includes('Bisher am besten'));
  await eyes.page.screenshot({ path: join(reports, 'german.png') });
});
