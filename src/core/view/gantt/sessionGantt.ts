import { devicesOf, sharesOf } from '../../model/schedule/deviceRuns.js';
import { strategyLabel } from '../../model/strategy.js';
import type { ITranslation } from '../../model/translation.js';
import type { Attempt, Cluster, Plan, Segment, SessionState, TaskState } from '../../wire/messages.js';
import { count, duration, listing } from '../format/format.js';
import { lossWords, stepWords } from '../format/taskText.js';
import {
  barStateWords,
  type IGanttBar,
  type IGanttDeadline,
  type IGanttInput,
  type IGanttRow
} from './gantt.js';
import { plannedBars, rowKey } from './plannedBars.js';
import { standingPlan } from './standingPlan.js';
import { type ITaskGroups, taskGroups } from './taskGroups.js';

/** Another plan for the same tasks: a simple rule's, say. */
export type GanttBaseline = Pick<Plan, 'makespan'> & {
  readonly name: string;
  readonly segments?: Segment[];
};

/** What a chart of a plan may show besides it. */
export interface IPlanGanttOptions {
  readonly title?: string;
  /** Names of all tasks of the session, so that colours agree with its own chart. */
  readonly tasks?: readonly string[];
  /** A simple rule's plan, shown under it on the same scale. */
  readonly baseline?: GanttBaseline | null;
  /** Names of the tasks to mark as pinned. */
  readonly pinned?: ReadonlySet<string>;
  readonly deadlines?: readonly IGanttDeadline[];
  /** Whether the user may move a task; none when absent. */
  readonly movable?: (task: string) => boolean;
}

/** Chart of a plan alone: an answer to a what-if question. */
export function planGantt(
  plan: Pick<Plan, 'segments' | 'makespan'> & Partial<Pick<Plan, 'lowerBound'>>,
  cluster: Cluster,
  trans: ITranslation,
  options: IPlanGanttOptions = {}
): IGanttInput {
  const { title = trans.__('Plan'), tasks = [], baseline, pinned, deadlines, movable } = options;
  const groups = taskGroups([...tasks, ...plan.segments.map(segment => segment.task)], trans);
  const rule = baseline?.segments ?? [];
  return {
    title,
    rows: clusterRows(cluster, placesOf([...plan.segments, ...rule]), trans),
    bars: [
      ...plannedBars(plan.segments, { groups, trans, pinned, movable }),
      ...plannedBars(rule, { groups, trans, kind: 'baseline' })
    ],
    groups: groups.groups,
    lowerBound: plan.lowerBound,
    makespan: plan.makespan,
    ...(baseline && { baseline: { name: baseline.name, makespan: baseline.makespan } }),
    ...(deadlines && deadlines.length > 0 && { deadlines })
  };
}

/** A plan that may come in the place of a session's own. */
export interface IGanttDraft extends Pick<IPlanGanttOptions, 'pinned' | 'deadlines'> {
  readonly plan: Pick<Plan, 'segments' | 'makespan' | 'lowerBound'>;
  /** Its second 0, in seconds since the epoch. */
  readonly startsAt: number;
}

/** What a chart of a session may show besides it. */
export interface ISessionGanttOptions {
  /** Shown as the plan; the session's own is then drawn over it in dashes. */
  readonly draft?: IGanttDraft | null;
  /** Whether the user may move a task; none when absent. */
  readonly movable?: (task: string) => boolean;
}

/**
 * When the chart of a session begins, in seconds since the epoch: with its training. Null when nothing has begun of what it
 * shows, so that it begins whenever the plan does.
 */
export function chartOrigin({ plan, run, tasks }: SessionState): number | null {
  const training = run !== undefined && run.endedAt === undefined;
  if (plan !== undefined && plan.startedAt === undefined && !training) {
    return null;
  }
  const first = tasks.reduce(
    (least, { attempts: [attempt] }) => Math.min(least, attempt?.requestedAt ?? Infinity),
    Infinity
  );
  const origin = run?.startedAt ?? plan?.startedAt ?? first;
  return Number.isFinite(origin) ? origin : null;
}

/**
 * Chart of a session: its plan and what happened since training began, or null when there is neither.
 *
 * @param now - seconds since the epoch.
 * @param baseline - a simple rule's plan, shown under it from the same moment.
 */
export function sessionGantt(
  state: SessionState,
  now: number,
  trans: ITranslation,
  baseline: GanttBaseline | null = null,
  { draft, movable }: ISessionGanttOptions = {}
): IGanttInput | null {
  const { run, cluster } = state;
  const plan = standingPlan(state);
  const origin = chartOrigin(state);
  const after = (time: number | undefined): number =>
    time === undefined || origin === null ? 0 : Math.max(0, time - origin);
  const planStart = after(plan?.startedAt);
  const own = plan?.plan.segments ?? [];
  const segments = draft?.plan.segments ?? own;
  const start = draft ? after(draft.startsAt) : planStart;
  const rule = baseline?.segments ?? [];
  const groups = taskGroups(
    [...state.tasks.map(task => task.spec.name), ...own.map(s => s.task), ...segments.map(s => s.task)],
    trans
  );
  const shown =
    origin === null
      ? []
      : state.tasks.flatMap(task =>
          task.attempts
            .filter(({ endedAt = Infinity }) => endedAt > origin)
            .map(attempt => ({ task, attempt }))
        );
  const bars = [
    ...plannedBars(segments, { groups, trans, offset: start, movable, pinned: draft?.pinned }),
    ...plannedBars(rule, { groups, trans, offset: planStart, kind: 'baseline' }),
    ...runsOf(shown).map(run => actualBar(run, { origin: origin ?? 0, now, groups, trans }))
  ];
  if (bars.length === 0) {
    return null;
  }
  const { lowerBound, makespan } = draft?.plan ?? plan?.plan ?? {};
  return {
    title: trans.__('Schedule of session %1', state.session),
    rows: clusterRows(
      cluster ?? { nodes: [] },
      [...placesOf([...own, ...segments, ...rule]), ...shown.map(({ attempt }) => attempt)],
      trans
    ),
    bars,
    groups: groups.groups,
    ...(run !== undefined && run.endedAt === undefined && { now: after(now) }),
    ...(lowerBound !== undefined && { lowerBound: start + lowerBound }),
    ...(makespan !== undefined && { makespan: start + makespan }),
    ...(baseline && { baseline: { name: baseline.name, makespan: planStart + baseline.makespan } }),
    ...(draft && { ghosts: plannedBars(own, { groups, trans, offset: planStart }) }),
    ...(draft?.deadlines && {
      deadlines: draft.deadlines.map(({ seconds, label }) => ({ seconds: start + seconds, label }))
    })
  };
}

/** Chart of a session as it was at a time, in seconds since the epoch. */
export function pastGantt(state: SessionState, then: number, trans: ITranslation): IGanttInput | null {
  const chart = sessionGantt(state, then, trans);
  return chart && { ...chart, isPast: true };
}

const placesOf = (segments: readonly Segment[]) =>
  segments.flatMap(segment => [segment, ...(segment.elsewhere ?? [])]);

/** A row per device of the cluster, then per device that is used but no longer there. */
function clusterRows(
  cluster: Cluster,
  used: readonly { node: string; devices: readonly string[] }[],
  trans: ITranslation
): IGanttRow[] {
  const nodes = new Set([...cluster.nodes.map(node => node.id), ...used.map(place => place.node)]);
  const label = (node: string, device: string): string => (nodes.size > 1 ? `${node} ${device}` : device);
  const rows = new Map<string, IGanttRow>();
  for (const node of cluster.nodes) {
    for (const { id } of node.devices) {
      const key = rowKey(node.id, id);
      rows.set(key, { key, label: label(node.id, id), device: id, node: node.id });
    }
  }
  for (const { node, devices } of used) {
    for (const id of devices) {
      const key = rowKey(node, id);
      if (!rows.has(key)) {
        const gone = (name: string): string => trans.__('%1 (gone)', name);
        rows.set(key, { key, label: gone(label(node, id)), device: gone(id), node });
      }
    }
  }
  return [...rows.values()];
}

/** Id of the bar of an attempt, which is that of all in its run. */
export function attemptBarId(task: string, { number, fusion }: Pick<Attempt, 'number' | 'fusion'>): string {
  return fusion === undefined ? `actual:${number}:${task}` : `actual:run:${fusion}`;
}

/** An attempt at a task. */
interface IShown {
  readonly task: TaskState;
  readonly attempt: Attempt;
}

/** Attempts, those of one run together: that which ends last first, as what becomes of the run. */
function runsOf(shown: readonly IShown[]): (readonly [IShown, ...IShown[]])[] {
  const fused = new Map<string, IShown[]>();
  const runs: IShown[][] = [];
  for (const one of shown) {
    const { fusion } = one.attempt;
    const known = fusion === undefined ? undefined : fused.get(fusion);
    if (known) {
      known.push(one);
      continue;
    }
    const run = [one];
    runs.push(run);
    if (fusion !== undefined) {
      fused.set(fusion, run);
    }
  }
  const endOf = ({ attempt: { endedAt = Infinity } }: IShown): number => endedAt;
  return runs.map(
    run => [...run].sort((a, b) => (endOf(a) === endOf(b) ? 0 : endOf(b) - endOf(a))) as [IShown, ...IShown[]]
  );
}

function actualBar(
  run: readonly [IShown, ...IShown[]],
  chart: { origin: number; now: number; groups: ITaskGroups; trans: ITranslation }
): IGanttBar {
  const { origin, now, groups, trans } = chart;
  const [{ task, attempt }, ...others] = run;
  const tasks = run.map(one => one.task.spec.name);
  const left = run.filter(one => one.attempt.endedAt === undefined).length;
  const start = Math.max(0, attempt.requestedAt - origin);
  const end = Math.max(start, (attempt.endedAt ?? now) - origin);
  const alive = attempt.endedAt === undefined;
  const state = alive ? (attempt.startedAt === undefined ? 'starting' : 'running') : endOf(task, attempt);
  const strategy = strategyLabel(attempt.strategy);
  const lasting = [
    duration(start, trans),
    alive ? trans.__('now') : duration(end, trans),
    duration(end - start, trans)
  ] as const;
  return {
    id: attemptBarId(task.spec.name, attempt),
    task: task.spec.name,
    ...(others.length > 0 && { tasks }),
    label: tasks.map(groups.shortName).join(' + '),
    brief: others.length > 0 ? trans.__('%1 fused', tasks.length) : groups.briefName(task.spec.name),
    note: strategy,
    technique: attempt.strategy.technique,
    rows: devicesOf(attempt).map(({ node, device }) => rowKey(node, device)),
    start,
    end,
    kind: 'actual',
    state,
    colour: groups.indexOf(task.spec.name),
    detail: [
      others.length > 0 ? trans.__('%1, fused in one run', listing(tasks, trans)) : task.spec.name,
      ...(others.length > 0 && alive ? [trans.__('%1 of them train still', count(left))] : []),
      trans.__(
        '%1: %2 on %3',
        state === undefined ? trans.__('ended') : barStateWords(state, trans),
        strategy,
        sharesOf(attempt)
          .map(({ devices }) => devices.join(', '))
          .join('; ')
      ),
      attempt.number > 1
        ? trans.__('%1 to %2 (%3), attempt %4', ...lasting, attempt.number)
        : trans.__('%1 to %2 (%3)', ...lasting),
      ...(alive && others.length === 0
        ? [stepWords(task, trans), lossWords(task, trans)].filter(fact => fact !== undefined)
        : [])
    ].join('\n')
  };
}

/** How an attempt ended: one of a task that is not to stay out has only left. */
function endOf({ status, attempts }: TaskState, { outcome, number }: Attempt): IGanttBar['state'] {
  const goesOn = status === 'ready' || attempts.some(other => other.number > number);
  return outcome === 'stopped' && goesOn ? 'left' : outcome;
}
