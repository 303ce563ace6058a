/** A sweep as docs/tour.md tells of it, in the real JupyterLab, with a picture at each halt; see scripts/tour.mjs. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BrowserPage } from '../e2e/browser.js';
import { NotebookPage } from '../e2e/notebook.js';
import { repository, Sandbox } from '../e2e/sandbox.js';
import { LabServer } from '../e2e/server.js';
import { Camera } from './camera.js';
import { takeSearch } from './search.js';

const TASKS = 12;
/** So many percent are done when the dashboard is taken. */
const SOME = 40;
/** A task that fails in its first epoch, in a cell after those of the quickstart's sweep. */
const BROKEN = `class Scans(torch.utils.data.Dataset):
    def __init__(self, data):
        self.data = data

    def __len__(self):
        return len(self.data)

    def __getitem__(self, index):
        if index == 1203:
            raise ValueError(f"Scan {index} cannot be read.")
        return self.data[index]


def scans():
    train, held_out = digits_data()
    loss = nn.functional.cross_entropy
    return Task(model=mlp(), data=Scans(train), loss=loss, batch_size=64, eval_data=held_out)


%saturn task --factory scans --epochs 24`;

const { values } = parseArgs({ options: { look: { type: 'boolean', default: false } } });

await inLab(tell);
await inLab((sandbox, server) => takeSearch(sandbox, server, values.look));

/** What is told in a JupyterLab of its own: one that is opened again has the tabs of before. */
async function inLab(story: (sandbox: Sandbox, server: LabServer) => Promise<void>): Promise<void> {
  const sandbox = new Sandbox();
  sandbox.env.SATURN_IDLE_SECONDS = '15';
  // Where the notebook is, as it is for people.
  delete sandbox.env.SATURN_HOME;
  // Notifications would lie over what is to be seen.
  const server = await LabServer.start(sandbox, {
    settings: { 'jupyterlab-saturn:plugin': { notifications: 'none' } }
  });
  try {
    await story(sandbox, server);
  } finally {
    await server.stop();
    await sandbox.dispose(30);
  }
}

async function tell(sandbox: Sandbox, server: LabServer): Promise<void> {
  writeFileSync(join(sandbox.notebooks, 'quickstart.ipynb'), quickstart());
  const eyes = await BrowserPage.open();
  try {
    await walk(eyes, server);
  } finally {
    await eyes.close();
  }
}

async function walk(eyes: BrowserPage, server: LabServer): Promise<void> {
  const notebook = new NotebookPage(eyes.page, server);
  const { page } = eyes;
  const panel = page.locator('#jupyterlab-saturn-panel');
  const dashboard = page.locator('.jp-SaturnDashboard');
  const details = dashboard.locator('.jp-SaturnTaskDetail');
  const progress = dashboard.locator('.jp-SaturnDashboard-progress');
  /** A number of the line that says how it stands. */
  const told = async (words: RegExp) => Number(words.exec((await progress.textContent()) ?? '')?.[1] ?? 0);
  const row = (task: string) =>
    dashboard.locator(`.jp-SaturnGrid-row[data-task="${task}"] [data-column="0"]`);
  const selectNone = async () => dashboard.getByRole('button', { name: 'Select None' }).click();
  const tab = async (name: string) => dashboard.locator(`[role="tab"][data-tab="${name}"]`).click();

  await notebook.open('quickstart.ipynb');
  const camera = await Camera.on(notebook, values.look);
  await notebook.command('saturn:open');
  await panel.locator('.jp-SaturnCells-item').first().waitFor();
  await camera.look('cells');

  await notebook.runAll();
  await notebook.ran(notebook.cell('%saturn run'), 300);
  await page.locator('.jp-SaturnOutput .jp-SaturnWidget svg').first().waitFor();
  await notebook.cell('%saturn run').scrollIntoViewIfNeeded();
  await page.locator('.jp-SaturnStatusItem', { hasText: /\d+ running/ }).waitFor({ timeout: 120_000 });
  await camera.take('panel');

  await notebook.command('application:toggle-left-area');
  await notebook.command('saturn:dashboard');
  await dashboard.locator('.jp-SaturnGrid-row[data-task]').first().waitFor();
  await notebook.command('application:toggle-right-area').catch(() => undefined);
  await tab('curves');
  for (let taken = false, trained = 0; trained < TASKS; ) {
    await camera.film();
    trained = await told(/(\d+)\/\d+ trained/);
    if (!taken && (await told(/(\d+) % done/)) >= SOME) {
      taken = true;
      await camera.take('dashboard');
      await dashboard
        .locator('.jp-SaturnGrid-row[data-task]', { hasText: 'training' })
        .locator('[data-column="1"]')
        .first()
        .click({ button: 'right' });
      await page.locator('.lm-Menu').first().waitFor();
      await camera.take('menu');
      await page.keyboard.press('Escape');
      await selectNone();
    }
    await page.waitForTimeout(2500);
  }
  await camera.film();
  camera.develop('sweep');
  await camera.look('ended');

  await row('scans').click();
  await tab('error');
  await camera.take('error', details);
  await row('digits-vit-64-1e-3').click();
  for (const name of ['log', 'attempts', 'checkpoints', 'why', 'devices', 'curves']) {
    await tab(name);
    await camera.look(name);
  }
  await selectNone();
  await tab('parameters');
  await camera.take('parameters', details);
  await notebook.command('docmanager:open', { path: 'quickstart.ipynb' });
  await notebook.command('saturn:open');
  await notebook.cell('%saturn results').scrollIntoViewIfNeeded();
  await camera.look('results');
}

/** The example, with a task that fails, and trained for longer than it takes to look at it. */
function quickstart(): string {
  const text = readFileSync(join(repository, 'examples', 'quickstart.ipynb'), 'utf8');
  const notebook = JSON.parse(
    text.replace('--epochs 10', '--epochs 24').replace('%saturn wait', '%saturn wait --quiet')
  ) as {
    cells: { source: string | string[] }[];
  };
  const sweep = notebook.cells.findIndex(({ source }) =>
    [source].flat().join('').startsWith('%%saturn task')
  );
  const cell = { cell_type: 'code', id: 'scans', metadata: {}, execution_count: null, outputs: [] };
  notebook.cells.splice(sweep + 1, 0, { ...cell, source: BROKEN });
  return JSON.stringify(notebook);
}
