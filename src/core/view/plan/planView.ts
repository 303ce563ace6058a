import { strategyLabel } from '../../model/strategy.js';
import type { Baseline, DeviceShare, Plan, Rendered, SessionState } from '../../wire/messages.js';
import { display, type IPart, lead, sentence, tablePart } from '../format/display.js';
import { Markup, markup } from '../format/escape.js';
import { count, duration, NOTHING, percent, plural } from '../format/format.js';
import type { ITable } from '../format/table.js';
import { ganttSvg, type IGanttBar, type IGanttInput, layoutGantt } from '../gantt/gantt.js';
import { SECTION_NAMES } from '../gantt/ganttModel.js';
import { ganttText } from '../gantt/ganttText.js';
import { planGantt } from '../gantt/sessionGantt.js';
import { NO_TASKS } from '../tasks/taskStatusText.js';
import { explanationTable } from './explanationTable.js';
import { conflictTable, planSentences } from './planSentences.js';
import { searchSvg, searchTable } from './searchLog.js';

/** Plans of more tasks have their explanation folded. */
const MOST_EXPLAINED = 24;

/** Width of the charts in displays, in pixels. */
export const CHART_WIDTH = 860;

/** The plan as a chart, how good it is, and what simpler rules would need. */
export function planView(state: SessionState): Rendered {
  if (state.tasks.length === 0) {
    return display('plan', [lead(NO_TASKS)]);
  }
  const { plan } = state;
  if (!plan) {
    return display('plan', [
      lead(state.planning ? 'Planning; ask again in a moment.' : 'No plan yet.'),
      !state.planning && sentence('Make one with `%saturn plan`; it measures first what is not measured.')
    ]);
  }
  const segments = plan.plan.segments.length;
  const { conflicts = [] } = plan.plan;
  const invalid = state.tasks.filter(task => task.status === 'invalid').length;
  return display('plan', [
    ...planSentences(plan.plan),
    state.planning
      ? sentence('A better plan is being looked for.')
      : !plan.fresh &&
        sentence(
          'Tasks, devices or measurements changed since. Make a new plan with `%saturn plan`.',
          'jp-saturn-note jp-saturn-warning'
        ),
    invalid > 0 &&
      sentence(
        `${plural(invalid, 'task')} cannot be built and ${invalid === 1 ? 'is' : 'are'} not in it; see why with \`%saturn status\`.`
      ),
    conflicts.length > 0 && conflictTable(conflicts),
    segments > 0 &&
      chartPart(
        planGantt(plan.plan, state.cluster ?? { nodes: [] }, {
          title: `Plan of session ${state.session}`,
          tasks: state.tasks.map(task => task.spec.name)
        }),
        ['planned']
      ),
    plan.plan.baselines.length > 0 && tablePart(baselineTable(plan.plan)),
    plan.plan.unplanned.length > 0 && unplanned(plan.plan),
    ...explanationParts(plan.plan),
    segments > 0 && folded('Every task of the plan', tablePart(segmentTable(plan.plan))),
    ...searchParts(plan.plan)
  ]);
}

/** A chart: SVG, and for a terminal one of blocks per kind of bar. */
export function chartPart(input: IGanttInput, kinds: readonly IGanttBar['kind'][]): IPart {
  return {
    text: kinds.map(kind => `\n${SECTION_NAMES[kind]}\n${ganttText(input, kind)}`).join('\n'),
    html: markup`${new Markup(ganttSvg(layoutGantt(input, { width: CHART_WIDTH })))}\n`
  };
}

const RULES: Record<Baseline['name'], string> = {
  max: 'every task on as many devices as it can use, one after another',
  min: 'every task on as few devices as it can use',
  random: 'strategies, places and order by chance',
  'current-practice': 'each task alone on a node, by its fastest strategy there',
  'optimus-static': 'devices given out once, one by one to the task they help most',
  'optimus-dynamic': 'as optimus-static, given out again whenever a task ends',
  'round-robin': 'every task in turn for a while on all devices of a node'
};

/** What simple rules would need. */
export function baselineTable(plan: Plan): ITable {
  const sorted = [...plan.baselines].sort((a, b) => a.makespan - b.makespan);
  return {
    caption: 'Compared with simple rules',
    columns: [
      { label: 'Rule' },
      { label: 'Takes', align: 'right' },
      { label: 'Than this plan', align: 'right' },
      { label: 'How' }
    ],
    rows: sorted.map(baseline => [
      baseline.name,
      duration(baseline.makespan),
      comparison(baseline.makespan, plan.makespan),
      RULES[baseline.name]
    ])
  };
}

function comparison(baseline: number, makespan: number): string {
  if (!(makespan > 0)) {
    return NOTHING;
  }
  const more = baseline / makespan - 1;
  if (Math.abs(more) < 0.0005) {
    return 'the same';
  }
  return more > 0 ? `${percent(more)} longer` : `${percent(-more)} shorter`;
}

function unplanned(plan: Plan): IPart {
  return tablePart({
    caption: `Left out: ${plural(plan.unplanned.length, 'task')}`,
    columns: [{ label: 'Task' }, { label: 'Why' }],
    rows: plan.unplanned.map(({ task, reason }) => [task, { text: reason, tone: 'warning' }])
  });
}

function segmentTable(plan: Plan): ITable {
  const places = plan.segments.flatMap(segment => [segment, ...(segment.elsewhere ?? [])]);
  const several = new Set(places.map(({ node }) => node)).size > 1;
  const place = ({ node, devices }: DeviceShare): string =>
    several ? `${node} ${devices.join(', ')}` : devices.join(', ');
  return {
    columns: [
      { label: 'Task' },
      { label: 'Strategy' },
      { label: 'Devices' },
      { label: 'Start', align: 'right' },
      { label: 'End', align: 'right' },
      { label: 'Steps', align: 'right' }
    ],
    rows: [...plan.segments]
      .sort((a, b) => a.start - b.start)
      .map(segment => [
        segment.task,
        strategyLabel(segment.strategy),
        [segment, ...(segment.elsewhere ?? [])].map(place).join('; '),
        duration(segment.start),
        duration(segment.end),
        count(segment.steps)
      ])
  };
}

/** Why each task has its strategy; folded where there are many. */
export function explanationParts(plan: Plan): IPart[] {
  const { explanation } = plan;
  if (!explanation || explanation.tasks.length === 0) {
    return [];
  }
  const { caption, ...table } = explanationTable(explanation, plan);
  return explanation.tasks.length > MOST_EXPLAINED
    ? [folded(caption as string, tablePart(table))]
    : [tablePart({ caption, ...table })];
}

/** How the search went, folded. */
function searchParts({ log = [] }: Plan): IPart[] {
  const picture = searchSvg(log);
  if (!picture) {
    return [];
  }
  const { caption, ...table } = searchTable(log);
  const { html, text } = tablePart(table);
  return [folded(caption as string, { html: markup`${picture}\n${html}`, text: `\n${caption}${text}` })];
}

function folded(summary: string, { html, text }: IPart): IPart {
  return { text, html: markup`<details><summary>${summary}</summary>\n${html}</details>\n` };
}
