import type { Conflict, PlanRequest, Segment } from '../../wire/messages.js';
import { runsOf } from '../schedule/deviceRuns.js';
import { slack } from '../schedule/tolerance.js';
import type { ITranslation } from '../translation.js';
import { concurrent } from './concurrent.js';
import type { IConstraint, IMiss } from './constraint.js';
import { cost } from './cost.js';
import { deadline } from './deadline.js';
import { deviceSeconds } from './deviceSeconds.js';
import { earliestStart } from './earliestStart.js';
import { pin } from './pin.js';

/** All there are, in the order in which conflicts are told. */
export const CONSTRAINTS: readonly IConstraint[] = [
  pin,
  earliestStart,
  deadline,
  concurrent,
  deviceSeconds,
  cost
];

/** A constraint that a schedule does not meet. */
export interface IUnmetConstraint extends IMiss {
  constraint: Conflict['constraint'];
}

/** The constraints of a request that a schedule does not meet, be it possible or not. */
export function unmetConstraints(
  request: PlanRequest,
  segments: Segment[],
  makespan: number
): IUnmetConstraint[] {
  const off = slack(makespan);
  const byTask = new Map<string, Segment[]>(request.tasks.map(({ name }) => [name, []]));
  for (const segment of segments) {
    byTask.get(segment.task)?.push(segment);
  }
  const schedule = {
    request,
    off,
    runs: runsOf(segments, off, () => undefined),
    segmentsOf: (task: string) => byTask.get(task)!
  };
  return CONSTRAINTS.flatMap(constraint =>
    constraint.unmet(schedule).map(miss => ({ ...miss, constraint: constraint.name }))
  );
}

/** Whether a request asks anything that a schedule may fail to meet. */
export function isConstrained(request: PlanRequest): boolean {
  return CONSTRAINTS.some(
    constraint =>
      constraint.ofAll?.(request) !== undefined ||
      request.tasks.some(task => constraint.ofTask?.(task) !== undefined)
  );
}

/** What people call a constraint. */
export function constraintLabel(name: Conflict['constraint'], trans: ITranslation): string {
  return CONSTRAINTS.find(constraint => constraint.name === name)!.label(trans);
}
