import { strategyLabel } from '../model/strategy.js';
import type { Attempt, Cluster, Plan, Segment, SessionState, TaskState } from '../wire/generated/types.js';
import { count, duration, metric } from './format.js';
import type { IGanttBar, IGanttInput, IGanttRow } from './gantt.js';
import { type ITaskGroups, taskGroups } from './taskGroups.js';

const rowKey = (node: string, device: string): string => `${node}/${device}`;

/**
 * Chart of a plan alone: an answer to a what-if question, or a baseline's segments.
 *
 * @param options - `tasks`: names of all tasks of the session, so that colours agree with its own chart.
 */
export function planGantt(
  plan: Pick<Plan, 'segments' | 'makespan'> & Partial<Pick<Plan, 'lowerBound'>>,
  cluster: Cluster,
  options: { title?: string; tasks?: readonly string[] } = {}
): IGanttInput {
  const groups = taskGroups([...(options.tasks ?? []), ...plan.segments.map(segment => segment.task)]);
  return {
    title: options.title ?? 'Plan',
    rows: clusterRows(cluster, plan.segments),
    bars: plan.segments.map((segment, i) => plannedBar(segment, i, 0, groups)),
    groups: groups.groups,
    lowerBound: plan.lowerBound,
    makespan: plan.makespan
  };
}

/**
 * Chart of a session: its plan and what happened since training began, or null when there is neither.
 *
 * @param now - seconds since the epoch.
 */
export function sessionGantt(state: SessionState, now: number): IGanttInput | null {
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
  const groups = taskGroups([...state.tasks.map(task => task.spec.name), ...segments.map(s => s.task)]);
  const shown = waiting ? [] : attempts.filter(({ attempt }) => (attempt.endedAt ?? Infinity) > origin);
  const bars = [
    ...segments.map((segment, i) => plannedBar(segment, i, planStart, groups)),
    ...shown.map(({ task, attempt }) => actualBar(task, attempt, origin, now, groups))
  ];
  if (bars.length === 0) {
    return null;
  }
  return {
    title: `Schedule of session ${state.session}`,
    rows: clusterRows(cluster ?? { nodes: [] }, [...segments, ...shown.map(({ attempt }) => attempt)]),
    bars,
    groups: groups.groups,
    ...(training && { now: Math.max(0, now - origin) }),
    ...(plan && {
      lowerBound: planStart + plan.plan.lowerBound,
      makespan: planStart + plan.plan.makespan
    })
  };
}

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
      rows.set(rowKey(node.id, id), { key: rowKey(node.id, id), label: label(node.id, id) });
    }
  }
  for (const { node, devices } of used) {
    for (const id of devices) {
      const key = rowKey(node, id);
      if (!rows.has(key)) {
        rows.set(key, { key, label: `${label(node, id)} (gone)` });
      }
    }
  }
  return [...rows.values()];
}

function plannedBar(segment: Segment, index: number, offset: number, groups: ITaskGroups): IGanttBar {
  const start = offset + segment.start;
  const end = offset + segment.end;
  return {
    id: `plan:${index}:${segment.task}`,
    task: segment.task,
    label: groups.shortName(segment.task),
    brief: groups.briefName(segment.task),
    note: strategyLabel(segment.strategy),
    technique: segment.strategy.technique,
    rows: segment.devices.map(device => rowKey(segment.node, device)),
    start,
    end,
    kind: 'planned',
    colour: groups.indexOf(segment.task),
    detail: [
      segment.task,
      `planned: ${strategyLabel(segment.strategy)} on ${segment.devices.join(', ')}`,
      `${duration(start)} to ${duration(end)} (${duration(end - start)}), ${count(segment.steps)} steps`
    ].join('\n')
  };
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
