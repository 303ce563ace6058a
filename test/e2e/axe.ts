import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { reports } from './sandbox.js';

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

interface IAxe {
  run(parts: object, options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
}

/** Rules of axe-core that our parts of a page break, and by what; a picture of it has a name. */
export async function violations(page: Page, name: string): Promise<string[]> {
  await page.screenshot({ path: join(reports, `accessibility-${name}.png`) });
  await page.evaluate(AXE);
  return page.evaluate(
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
