import type { PlanRequest, Segment } from '../../wire/messages.js';
import { goesOnRunning } from '../schedule/taskHistory.js';

/** Which tasks may have several segments, and whether running ones stay: the request's `switches`. */
export function checkSwitches(request: PlanRequest, segments: Segment[]): string[] {
  const { switches = 'none' } = request;
  if (switches === 'planned') {
    return [];
  }
  const byTask = new Map<string, Segment[]>(request.tasks.map(({ name }) => [name, []]));
  for (const segment of segments) {
    byTask.get(segment.task)?.push(segment);
  }
  return request.tasks.flatMap(task => {
    const own = byTask.get(task.name)!;
    if (task.running !== undefined && switches === 'none') {
      const stays = own.length === 1 && goesOnRunning(task, own[0]!);
      return own.length === 0 || stays
        ? []
        : [`Task "${task.name}": it is running already and must go on where it is.`];
    }
    return own.length > 1 ? [`Task "${task.name}": it has ${own.length} segments; one is allowed.`] : [];
  });
}
