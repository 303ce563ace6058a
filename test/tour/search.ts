/** A search as docs/sweeps.md tells of it, in the real JupyterLab: a picture of its dashboard when most is over. */
import { BrowserPage } from '../e2e/browser.js';
import { NotebookPage } from '../e2e/notebook.js';
import type { Sandbox } from '../e2e/sandbox.js';
import { writeSearch } from '../e2e/searchNotebook.js';
import type { LabServer } from '../e2e/server.js';
import { Camera } from './camera.js';

const POINTS = 54;

/** @param looks - whether the picture is also taken in dark and in a larger window. */
export async function takeSearch(sandbox: Sandbox, server: LabServer, looks: boolean): Promise<void> {
  writeSearch(sandbox, 'search.ipynb', POINTS);
  const eyes = await BrowserPage.open();
  try {
    const notebook = new NotebookPage(eyes.page, server);
    const dashboard = eyes.page.locator('.jp-SaturnDashboard');
    await notebook.open('search.ipynb');
    const camera = await Camera.on(notebook, looks);
    await notebook.runAll();
    await notebook.ran(notebook.cell('%saturn run'), 300);
    await notebook.command('application:toggle-left-area');
    await notebook.command('saturn:dashboard');
    await dashboard
      .locator('.jp-SaturnDashboard-sweep')
      .getByText(/, [3-9]\d given up early, best 0/)
      .waitFor({ timeout: 600_000 });
    await dashboard.locator('[role="tab"][data-tab="curves"]').click();
    await camera.take('search');
    await dashboard.locator('[role="tab"][data-tab="parameters"]').click();
    await camera.look('search-parameters');
  } finally {
    await eyes.close();
  }
}
