import type { Rendered, SessionState } from '../../wire/messages.js';
import { display, type IPart, joined, lead, tablePart } from '../format/display.js';
import { Markup, markup, printable } from '../format/escape.js';
import { moment } from '../format/format.js';
import { sessionGantt } from '../gantt/sessionGantt.js';
import { planSentences } from '../plan/planSentences.js';
import { baselineTable, chartPart, explanationParts } from '../plan/planView.js';
import { resultsParts } from '../results/resultsView.js';
import { NO_TASKS } from '../tasks/taskStatusText.js';

/** JupyterLab's variables for a page of its own: light, and dark for those who prefer it. */
const PAGE_STYLE = `
:root{color-scheme:light dark;--jp-layout-color0:#ffffff;--jp-layout-color2:#f3f3f3;--jp-ui-font-color0:#000000;--jp-ui-font-color1:#212121;--jp-ui-font-color2:#5f6368;--jp-border-color1:#bdbdbd;--jp-border-color2:#e0e0e0;--jp-error-color0:#b71c1c;--jp-error-color1:#d32f2f;--jp-warn-color0:#e65100;--jp-success-color0:#1b5e20}
@media (prefers-color-scheme:dark){:root{--jp-layout-color0:#111111;--jp-layout-color2:#2a2a2a;--jp-ui-font-color0:#ffffff;--jp-ui-font-color1:#e0e0e0;--jp-ui-font-color2:#a6a6a6;--jp-border-color1:#616161;--jp-border-color2:#424242;--jp-error-color0:#ff8a80;--jp-error-color1:#ef5350;--jp-warn-color0:#ffb74d;--jp-success-color0:#81c784}}
body{margin:0;background:var(--jp-layout-color0);color:var(--jp-ui-font-color1)}
main{max-width:60rem;margin:0 auto;padding:1.5rem}
.jp-saturn h1{font-size:1.5rem;margin:0 0 .25rem;font-weight:600}
.jp-saturn h2{font-size:1.1rem;margin:2rem 0 .25rem;font-weight:600}
`;

/**
 * The whole session as a page of its own: plan and what happened, results, comparison.
 *
 * @param now - seconds since the epoch.
 */
export function reportView(state: SessionState, now: number): Rendered {
  const title = printable(`Session ${state.session}`);
  const written = `Written ${moment(now)}.`;
  const chart = sessionGantt(state, now);
  const plan = state.plan?.plan;
  const kinds = (['planned', 'actual'] as const).filter(kind => chart?.bars.some(bar => bar.kind === kind));
  const body = joined([
    {
      text: `${title}\n${written}`,
      html: markup`<h1>${title}</h1>\n<p class="jp-saturn-muted">${written}</p>\n`
    },
    state.tasks.length === 0 && lead(NO_TASKS),
    state.tasks.length > 0 && heading('Results'),
    ...(state.tasks.length > 0 ? resultsParts(state) : []),
    (plan !== undefined || chart !== null) && heading('Schedule'),
    ...(plan ? planSentences(plan) : []),
    chart !== null && chartPart(chart, kinds),
    plan !== undefined && plan.baselines.length > 0 && tablePart(baselineTable(plan)),
    ...(plan ? explanationParts(plan) : [])
  ]);
  const content = display('report', [body]);
  return {
    text: content.text,
    html: markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Markup(PAGE_STYLE)}</style>
</head>
<body>
<main>
${new Markup(content.html)}
</main>
</body>
</html>
`.source
  };
}

function heading(text: string): IPart {
  return { text: `\n${text}`, html: markup`<h2>${text}</h2>\n` };
}
