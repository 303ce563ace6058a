import type { Page } from 'playwright-core';

const FOLDS = ['tasks', 'profile', 'plan', 'plan-details', 'run', 'attention', 'best', 'leaderboard'];

/** Have the panel remember that everything in it was left open: what is on demand can then be looked at. */
export async function unfoldPanel(page: Page): Promise<void> {
  const kept = JSON.stringify(Object.fromEntries(FOLDS.map(id => [id, true])));
  await page.addInitScript(folds => localStorage.setItem('jupyterlab-saturn:folds', folds), kept);
}
