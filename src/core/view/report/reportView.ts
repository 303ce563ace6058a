import type { ITranslation } from '../../model/translation.js';
import type { Rendered, SessionState, TaskState } from '../../wire/messages.js';
import type { ILoggedCurve } from '../curves/curveChart.js';
import { type Blocks, lead, sentence, tableBlock } from '../display/block.js';
import { noTasks } from '../display/emptyStates.js';
import { Markup, markup, printable } from '../format/escape.js';
import { moment } from '../format/format.js';
import { standingPlan } from '../gantt/standingPlan.js';
import { baselineTable } from '../plan/baselineTable.js';
import { planSentences } from '../plan/planSentences.js';
import { sessionExplanation } from '../plan/planView.js';
import { resultsView } from '../results/resultsView.js';
import { progressFacts } from '../status/progressLine.js';
import { outcomeBlock, replansBlock } from '../status/replans.js';
import { scheduleBlock } from '../status/scheduleView.js';
import { progressTable } from '../status/taskProgress.js';

/** JupyterLab's variables for a page of its own: light, and dark for those who prefer it. */
const PAGE_STYLE = `
:root{color-scheme:light dark;--jp-layout-color0:#ffffff;--jp-layout-color2:#f3f3f3;--jp-ui-font-color0:#000000;--jp-ui-font-color1:#212121;--jp-ui-font-color2:#5f6368;--jp-border-color1:#bdbdbd;--jp-border-color2:#e0e0e0;--jp-error-color0:#b71c1c;--jp-error-color1:#d32f2f;--jp-warn-color0:#e65100;--jp-success-color0:#1b5e20}
@media (prefers-color-scheme:dark){:root{--jp-layout-color0:#111111;--jp-layout-color2:#2a2a2a;--jp-ui-font-color0:#ffffff;--jp-ui-font-color1:#e0e0e0;--jp-ui-font-color2:#a6a6a6;--jp-border-color1:#616161;--jp-border-color2:#424242;--jp-error-color0:#ff8a80;--jp-error-color1:#ef5350;--jp-warn-color0:#ffb74d;--jp-success-color0:#81c784}}
body{margin:0;background:var(--jp-layout-color0);color:var(--jp-ui-font-color1)}
main{max-width:60rem;margin:0 auto;padding:1.5rem}
.jp-saturn h1{font-size:1.5rem;margin:0 0 .25rem;font-weight:600}
.jp-saturn h2{font-size:1.1rem;margin:2rem 0 .25rem;font-weight:600}
`;

/** The whole session: plan and what happened, results, comparison. */
export function reportView(
  state: SessionState,
  now: number,
  trans: ITranslation,
  curves: readonly ILoggedCurve[] = []
): Blocks {
  const chart = scheduleBlock(state, now, trans);
  const plan = standingPlan(state)?.plan;
  const some = state.tasks.length > 0;
  return [
    { kind: 'title', text: titleOf(state, trans), under: trans.__('Written %1.', moment(now)) },
    !some && lead(noTasks(trans)),
    some && { kind: 'heading', text: trans.__('Results') },
    ...(some ? resultsView(state, trans, curves) : []),
    ...unfinished(state, now, trans),
    (plan !== undefined || chart !== false) && { kind: 'heading', text: trans.__('Schedule') },
    ...(plan ? planSentences(plan, trans) : []),
    chart,
    outcomeBlock(state, trans),
    replansBlock(state, now, trans),
    plan !== undefined && plan.baselines.length > 0 && tableBlock(baselineTable(plan, trans)),
    plan !== undefined && sessionExplanation(state, trans)
  ];
}

/** Where a session stands that has tasks to train, and how far these are. */
function unfinished(state: SessionState, now: number, trans: ITranslation): Blocks {
  const isOpen = ({ status, givenUp }: TaskState): boolean =>
    givenUp === undefined && status !== 'finished' && status !== 'failed' && status !== 'invalid';
  const open = state.tasks.filter(isOpen);
  const hasBegun = state.tasks.some(({ attempts }) => attempts.length > 0);
  return open.length === 0 || !hasBegun
    ? []
    : [
        { kind: 'heading', text: trans.__('Not finished') },
        sentence(`${progressFacts(state, now, trans).join(', ')}.`),
        tableBlock(progressTable(state, now, trans, open))
      ];
}

/** A drawn report as a page of its own. */
export function reportPage(state: SessionState, { text, html }: Rendered, trans: ITranslation): Rendered {
  return {
    text,
    html: markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${titleOf(state, trans)}</title>
<style>${new Markup(PAGE_STYLE)}</style>
</head>
<body>
<main>
${new Markup(html)}
</main>
</body>
</html>
`.source
  };
}

function titleOf({ session }: SessionState, trans: ITranslation): string {
  return printable(trans.__('Session %1', session));
}
