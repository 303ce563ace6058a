import type { ITranslation } from '../../model/translation.js';
import type { EngineMessages, Replan, SessionState, TaskState } from '../../wire/messages.js';
import type { IGanttBar, IGanttEvent, IGanttInput } from '../gantt/gantt.js';
import type { IGanttAbsence } from '../gantt/ganttModel.js';
import {
  attemptBarId,
  chartOrigin,
  type GanttBaseline,
  type ISessionGanttOptions,
  sessionGantt
} from '../gantt/sessionGantt.js';
import { deviceLoads } from './deviceLoads.js';
import { listedPlans, replanSentence } from './replans.js';
import { awayWords, missedNodes } from './shownNodes.js';

/** A task leaves so many seconds after the plan that moves it was taken up, at most: it saves before. */
const PATIENCE = 600;

/** What a schedule may show besides plan and training. */
export interface IScheduleOptions extends ISessionGanttOptions {
  /** A simple rule's plan, shown under the session's own. */
  readonly baseline?: GanttBaseline | null;
  /** How busy the devices are, and were. */
  readonly load?: EngineMessages['load'] | null;
}

/**
 * The schedule of a session in full: plan and training, with the moments at which it was planned anew, what was moved by that
 * and why, and how busy the devices were. Null while there is nothing to show.
 *
 * @param now - seconds since the epoch.
 */
export function scheduleChart(
  state: SessionState,
  now: number,
  trans: ITranslation,
  options: IScheduleOptions = {}
): IGanttInput | null {
  const { baseline = null, load = null } = options;
  const chart = sessionGantt(state, now, trans, baseline, options);
  const origin = chartOrigin(state);
  if (!chart || origin === null) {
    return chart;
  }
  const switches = switchesOf(state, now, trans);
  const events = planEvents(state, now, origin, trans);
  const absences = absencesOf(state, now, origin, trans);
  return {
    ...chart,
    bars: chart.bars.map(bar => ({ ...bar, ...switches.get(bar.id) })).map(withReason),
    ...(events.length > 0 && { events }),
    ...(absences.length > 0 && { absences }),
    ...(load && { loads: deviceLoads(load, state, origin, state.run?.endedAt ?? now, trans) })
  };
}

/** The nodes that are away, from when they were. */
function absencesOf(state: SessionState, now: number, origin: number, trans: ITranslation): IGanttAbsence[] {
  const end = state.run?.endedAt ?? now;
  return missedNodes(state).flatMap(node =>
    node.since === undefined || node.since > end
      ? []
      : [
          {
            ...{ node: node.id, text: awayWords(node, now, trans) },
            ...{ from: Math.max(0, node.since - origin), to: end - origin }
          }
        ]
  );
}

/** What becomes of a bar that was left for another. */
interface ISwitch extends Pick<IGanttBar, 'next'> {
  readonly reason?: string;
}

function withReason({ reason, ...bar }: IGanttBar & ISwitch): IGanttBar {
  return reason === undefined ? bar : { ...bar, detail: `${bar.detail}\n${reason}` };
}

/** Attempts that were left for another, by their bars: which, and by what plan. */
function switchesOf(state: SessionState, now: number, trans: ITranslation): Map<string, ISwitch> {
  const { replans = [] } = state;
  return new Map(
    state.tasks.flatMap(task =>
      task.attempts.slice(0, -1).flatMap((attempt, i): [string, ISwitch][] => {
        const { name } = task.spec;
        if (attempt.outcome !== 'stopped') {
          return [];
        }
        const replan = replanOf(replans, task, i);
        const next = attemptBarId(name, task.attempts[i + 1] as typeof attempt);
        const reason =
          replan && trans.__('moved by plan %1: %2', replan.number, replanSentence(replan, now, trans));
        return [[attemptBarId(name, attempt), { next, reason }]];
      })
    )
  );
}

/** The plan that moved a task from one of its attempts to the next. */
function replanOf(
  replans: readonly Replan[],
  { spec, attempts }: TaskState,
  index: number
): Replan | undefined {
  const { requestedAt, endedAt = Infinity } = attempts[index] as TaskState['attempts'][number];
  return replans.findLast(
    ({ adoptedAt, moves }) =>
      adoptedAt >= requestedAt &&
      adoptedAt <= endedAt &&
      endedAt - adoptedAt < PATIENCE &&
      moves.some(({ task }) => task === spec.name)
  );
}

/** When it was planned anew, and why. */
function planEvents(state: SessionState, now: number, origin: number, trans: ITranslation): IGanttEvent[] {
  return listedPlans(state, now, trans)
    .filter(({ number, adoptedAt }) => number > 0 && adoptedAt >= origin)
    .map(({ number, adoptedAt, text }) => ({
      id: String(number),
      seconds: adoptedAt - origin,
      sign: String(number),
      detail: trans.__('Plan %1: %2', number, text)
    }))
    .reverse();
}
