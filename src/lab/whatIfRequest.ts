import { planRequest } from '../core/session/planRequest.js';
import { sessionTimeLeft } from '../core/view/timeLeft.js';
import type { Cluster, PlanRequest, SessionState, TaskState } from '../core/wire/messages.js';

/** A what-if question: how the same tasks would be planned otherwise. */
export interface IQuestion {
  /** Devices of the whole cluster. */
  readonly devices: number;
  /** Techniques not to use. */
  readonly exclude: readonly string[];
}

/** How many devices a cluster has. */
export const deviceCount = (cluster: Cluster | undefined) =>
  (cluster?.nodes ?? []).reduce((sum, node) => sum + node.devices.length, 0);

/** Techniques a session has measured, in order of first sight. */
export const techniquesOf = (state: SessionState) => [
  ...new Set(state.cells.map(cell => cell.strategy.technique))
];

/**
 * The planning problem a question poses: what is left to do, or everything again when all is done.
 *
 * @param now - seconds since the epoch.
 * @param seconds - how long to search.
 */
export function whatIfRequest(
  state: SessionState,
  question: IQuestion,
  now: number,
  seconds: number
): PlanRequest {
  const open = planRequest(state, now, { budget: { seconds } });
  const request =
    open.tasks.length > 0
      ? open
      : planRequest({ ...state, tasks: state.tasks.map(asNew) }, now, { budget: { seconds } });
  const cluster = resize(request.cluster, question.devices);
  const there = new Set(cluster.nodes.flatMap(node => node.devices.map(device => `${node.id}/${device.id}`)));
  return {
    ...request,
    cluster,
    excludeTechniques: [...question.exclude],
    tasks: request.tasks.map(({ running, ...task }) => {
      const stays =
        running?.devices.every(device => there.has(`${running.node}/${device}`)) &&
        !question.exclude.includes(running.strategy.technique);
      return stays ? { ...task, running } : task;
    })
  };
}

/**
 * What the session's own plan still takes, in seconds: all of it before it starts and after it ended. Null
 * without a plan.
 */
export function currentSeconds(state: SessionState, now: number): number | null {
  const { plan, run } = state;
  if (run !== undefined && run.endedAt === undefined) {
    return sessionTimeLeft(state, now) ?? null;
  }
  return plan?.plan.makespan ?? null;
}

/** The task as if it had never run, if it can run at all. */
function asNew(task: TaskState): TaskState {
  const { checkpointStep: _, ...rest } = task;
  return task.inspection && task.status !== 'invalid' ? { ...rest, status: 'ready', attempts: [] } : task;
}

/** The cluster with as many devices as asked: the last are left out, or the last is repeated. */
function resize(cluster: Cluster, devices: number): Cluster {
  let left = devices;
  const nodes = cluster.nodes.map(node => {
    const kept = node.devices.slice(0, left);
    left -= kept.length;
    return { ...node, devices: kept };
  });
  const last = nodes.at(-1);
  const model = last?.devices.at(-1);
  if (last && model) {
    const stem = model.id.replace(/\d+$/, '');
    const taken = new Set(last.devices.map(device => device.id));
    for (let number = 0; left > 0; number++) {
      const id = `${stem}${number}`;
      if (!taken.has(id)) {
        last.devices.push({ ...model, id });
        left--;
      }
    }
  }
  return { nodes: nodes.filter(node => node.devices.length > 0) };
}
