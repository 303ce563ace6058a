import type { PlanRequest, PlanTask } from '../wire/messages.js';

/** So many tasks are planned one by one; of more, so many a device. */
const FEW = 48;
const PER_DEVICE = 8;

/** Of tasks that are alike, at least so many parts stay. */
const LEAST_PARTS = 2;

/**
 * The request in which tasks that are alike are bundled when there are many: one after the other on the same devices. It tells
 * as well which strategies a good plan uses and how long it takes, for the price of a few tasks of each kind. The names of
 * bundles are those of their first tasks. Tasks of which anything is asked stay alone.
 */
export function bundled(request: PlanRequest): PlanRequest {
  const { cluster, tasks, objective } = request;
  const devices = cluster.nodes.reduce((sum, node) => sum + node.devices.length, 0);
  const most = Math.max(FEW, PER_DEVICE * devices);
  if (tasks.length <= most || objective === 'weighted-completion') {
    return request;
  }
  const kinds = new Map<string, PlanTask[]>();
  for (const task of tasks) {
    const { name, steps: _, options, reason, ...asked } = task;
    const key = Object.keys(asked).length === 0 ? JSON.stringify([options, reason]) : name;
    const kind = kinds.get(key);
    if (kind) {
      kind.push(task);
    } else {
      kinds.set(key, [task]);
    }
  }
  const parts = Math.max(LEAST_PARTS, Math.ceil(most / kinds.size));
  return { ...request, tasks: [...kinds.values()].flatMap(kind => bundle(kind, parts)) };
}

/** Tasks that are alike as so many bundles of about as many steps, the longest first into the shortest bundle. */
function bundle(kind: readonly PlanTask[], parts: number): PlanTask[] {
  if (kind.length <= parts) {
    return [...kind];
  }
  const bundles: { tasks: PlanTask[]; steps: number }[] = [];
  for (const task of [...kind].sort((a, b) => b.steps - a.steps)) {
    if (bundles.length < parts) {
      bundles.push({ tasks: [task], steps: task.steps });
      continue;
    }
    const least = bundles.reduce((best, one) => (one.steps < best.steps ? one : best));
    least.tasks.push(task);
    least.steps += task.steps;
  }
  return bundles.map(({ tasks, steps }) => {
    const [first] = tasks as [PlanTask];
    const options = first.options.map(option => ({
      ...option,
      startSeconds: option.startSeconds * tasks.length
    }));
    return { ...first, steps, options };
  });
}
