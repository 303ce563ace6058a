import { planRequest } from '../../core/session/planRequest.js';
import { sessionTimeLeft } from '../../core/view/status/timeLeft.js';
import type { Cluster, PlanRequest, PlanTask, SessionState, TaskState } from '../../core/wire/messages.js';
import { devicesOf, feasibleConstraints, type IQuestion } from './whatIfQuestion.js';

/** How many devices a cluster has. */
export const devicesIn = (cluster: Cluster | undefined) =>
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
  const options = { budget: { seconds }, explain: false };
  const open = planRequest(state, now, options);
  const request =
    open.tasks.length > 0 ? open : planRequest({ ...state, tasks: state.tasks.map(asNew) }, now, options);
  const cluster = askedCluster(request.cluster, question);
  const there = new Set(cluster.nodes.flatMap(node => node.devices.map(device => `${node.id}/${device.id}`)));
  const prices = Object.entries(request.prices ?? {}).filter(([id]) =>
    cluster.nodes.some(node => node.id === id)
  );
  return {
    ...request,
    cluster,
    ...(request.prices && { prices: Object.fromEntries(prices) }),
    excludeTechniques: [...question.exclude],
    tasks: request.tasks.map(({ running, ...task }) => {
      const stays =
        running?.devices.every(device => there.has(`${running.node}/${device}`)) &&
        !question.exclude.includes(running.strategy.technique);
      const { pin, ...free } = task;
      const own = { ...free, ...feasibleConstraints(pin ? { pin } : {}, cluster) };
      return stays ? { ...own, running, ...dueBy(question, own) } : constrained(question, own, cluster);
    })
  };
}

/** The task with what is wished for it. */
function constrained(question: IQuestion, task: PlanTask, cluster: Cluster): PlanTask {
  const asked = feasibleConstraints(question.constraints.get(task.name) ?? {}, cluster);
  return { ...task, ...asked, ...dueBy(question, task) };
}

/** The earlier of a task's own deadline, which the question may replace, and the one for all. */
function dueBy({ constraints, deadline }: IQuestion, task: PlanTask): Pick<PlanTask, 'deadline'> {
  const own = constraints.get(task.name)?.deadline ?? task.deadline ?? Infinity;
  const earlier = Math.min(own, deadline ?? Infinity);
  return earlier < Infinity ? { deadline: earlier } : {};
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
  const { checkpointStep: _saved, rungs: _compared, givenUp: _over, pausedAt: _there, ...rest } = task;
  return task.inspection && task.status !== 'invalid' ? { ...rest, status: 'ready', attempts: [] } : task;
}

/** The cluster with as many devices on each node as asked: the last are left out, or the last is repeated. */
export function askedCluster(cluster: Cluster, question: IQuestion): Cluster {
  const nodes = cluster.nodes.map(node => {
    const wanted = devicesOf(question, node);
    const devices = node.devices.slice(0, wanted);
    const model = node.devices.at(-1);
    const taken = new Set(devices.map(device => device.id));
    for (let number = 0; model && devices.length < wanted; number++) {
      const id = `${model.id.replace(/\d+$/, '')}${number}`;
      if (!taken.has(id)) {
        devices.push({ ...model, id });
      }
    }
    return { ...node, devices };
  });
  return { nodes: nodes.filter(node => node.devices.length > 0) };
}
