import { strategyLabel } from '../../model/strategy.js';
import type { Attempt, Cluster, Plan, Segment, SessionState, TaskState } from '../../wire/messages.js';
import { count, duration, metric } from '../format/format.js';
import type { IGanttBar, IGanttDeadline, IGanttInput, IGanttRow } from './gantt.js';
import { plannedBars, rowKey } from './plannedBars.js';
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
  options: IPlanGanttOptions = {}
): IGanttInput {
  const { title = 'Plan', tasks = [], baseline, pinned, deadlines, movable } = options;
  const groups = taskGroups([...tasks, ...plan.segments.map(segment => segment.task)]);
  const rule = baseline?.segments ?? [];
  return {
    title,
    rows: clusterRows(cluster, placesOf([...plan.segments, ...rule])),
    bars: [
      ...plannedBars(plan.segments, { groups, pinned, movable }),
      ...plannedBars(rule, { groups, kind: 'baseline' })
    ],
    groups: groups.groups,
    lowerBound: plan.lowerBound,
    makespan: plan.makespan,
    ...(baseline && { baseline: { name: baseline.name, makespan: baseline.makespan } }),
    ...(deadlines && deadlines.length > 0 && { deadlines })
  };
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
  baseline: GanttBaseline | null = null
): IGanttInput | null {
  const { plan, run, cluster } = state;
  const training = run !== undefined && run.endedAt === undefined;
  const waiting = plan !== undefined && plan.startedAt === undefined && !training;
  const attempts = state.tasks.flatMap(task => task.attempts.map(attempt => ({ task, attempt })));
  const origin =
    run?.startedAt ??
    plan?.startedAt ??
    attempts.reduce((first, { attempt }) => Math.min(first, attempt.requestedAt), Infinity);
  const planStart = plan?.startedAt === undefined ? 0 : Math.max(0, plan.startedAt - origin);
  const segments = plan?.plan.segments ?? [];
  const rule = baseline?.segments ?? [];
  const groups = taskGroups([...state.tasks.map(task => task.spec.name), ...segments.map(s => s.task)]);
  const shown = waiting ? [] : attempts.filter(({ attempt }) => (attempt.endedAt ?? Infinity) > origin);
  const bars = [
    ...plannedBars(segments, { groups, offset: planStart }),
    ...plannedBars(rule, { groups, offset: planStart, kind: 'baseline' }),
    ...shown.map(({ task, attempt }) => actualBar(task, attempt, origin, now, groups))
  ];
  if (bars.length === 0) {
    return null;
  }
  return {
    title: `Schedule of session ${state.session}`,
    rows: clusterRows(cluster ?? { nodes: [] }, [
      ...placesOf([...segments, ...rule]),
      ...shown.map(({ attempt }) => attempt)
    ]),
    bars,
    groups: groups.groups,
    ...(training && { now: Math.max(0, now - origin) }),
    ...(plan && {
      lowerBound: planStart + plan.plan.lowerBound,
      makespan: planStart + plan.plan.makespan
    }),
    ...(baseline && { baseline: { name: baseline.name, makespan: planStart + baseline.makespan } })
  };
}

const placesOf = (segments: readonly Segment[]) =>
  segments.flatMap(segment => [segment, ...(segment.elsewhere ?? [])]);

/** A row per device of the cluster, then per device that is used but no longer there. */
function clusterRows(
  cluster: Cluster,
  used: readonly { node: string; devices: readonly string[] }[]
): IGanttRow[] {
  const nodes = new Set([...cluster.nodes.map(node => node.id), ...used.map(place => place.node)]);
  const label = (node: string, device: string): string => (nodes.size > 1 ? `${node} ${device}` : device);
  const rows = new Map<string, IGanttRow>();
  for (const node of cluster.nodes) {
    for (const { id } of node.devices) {
      const key = rowKey(node.id, id);
      rows.set(key, { key, label: label(node.id, id), node: node.id });
    }
  }
  for (const { node, devices } of used) {
    for (const id of devices) {
      const key = rowKey(node, id);
      if (!rows.has(key)) {
        rows.set(key, { key, label: `${label(node, id)} (gone)`, node });
      }
    }
  }
  return [...rows.values()];
}

function actualBar(
  task: TaskState,
  attempt: Attempt,
  origin: number,
  now: number,
  groups: ITaskGroups
): IGanttBar {
  const start = Math.max(0, attempt.requestedAt - origin);
  const end = Math.max(start, (attempt.endedAt ?? now) - origin);
  const alive = attempt.endedAt === undefined;
  const state = alive ? (attempt.startedAt === undefined ? 'starting' : 'running') : attempt.outcome;
  const { progress, inspection } = task;
  return {
    id: `actual:${attempt.number}:${task.spec.name}`,
    task: task.spec.name,
    label: groups.shortName(task.spec.name),
    brief: groups.briefName(task.spec.name),
    note: strategyLabel(attempt.strategy),
    technique: attempt.strategy.technique,
    rows: attempt.devices.map(device => rowKey(attempt.node, device)),
    start,
    end,
    kind: 'actual',
    state,
    colour: groups.indexOf(task.spec.name),
    detail: [
      task.spec.name,
      `${state === 'oom' ? 'out of memory' : (state ?? 'ended')}: ${strategyLabel(attempt.strategy)} on ${attempt.devices.join(', ')}`,
      `${duration(start)} to ${alive ? 'now' : duration(end)} (${duration(end - start)})${attempt.number > 1 ? `, attempt ${attempt.number}` : ''}`,
      ...(alive && inspection ? [`step ${count(progress.step)} of ${count(inspection.steps)}`] : []),
      ...(alive && progress.loss !== undefined ? [`loss ${metric(progress.loss)}`] : [])
    ].join('\n')
  };
}
