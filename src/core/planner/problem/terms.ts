import type { IBudget, ILanes } from '../../model/constraints/constraint.js';
import { CONSTRAINTS } from '../../model/constraints/constraints.js';
import type { Conflict, Pin, PlanRequest, PlanTask } from '../../wire/messages.js';
import { type Placement, usableConfigs } from './configuration.js';
import { admits, type Eligibilities } from './eligibility.js';

/** What all constraints on a task come to. */
export interface ITerms {
  /** Not before this, in seconds. */
  release: number;
  /** To be done by then, in seconds; Infinity when at any time. */
  deadline: number;
  pins: Pin[];
}

/** Merge the terms of all constraints on a task: the latest release, the soonest deadline, every pin. */
export function termsOf(task: PlanTask): ITerms {
  const terms: ITerms = { release: 0, deadline: Infinity, pins: [] };
  for (const constraint of CONSTRAINTS) {
    const { release = 0, deadline = Infinity, place } = constraint.ofTask?.(task) ?? {};
    terms.release = Math.max(terms.release, release);
    terms.deadline = Math.min(terms.deadline, deadline);
    terms.pins.push(...(place === undefined ? [] : [place.pin]));
  }
  return terms;
}

/** The pins of a task but for the strategy they name: what it could be asked to run by instead. */
export function unforcedPins(task: PlanTask): Pin[] {
  return termsOf(task).pins.map(({ strategy: _, ...place }) => place);
}

/**
 * As much of a task's pins as can be met; nothing of them where nothing can run the task anyway.
 *
 * @param conflicts - gets one for each that has to give way.
 * @returns `strayed`: whether some had to.
 */
export function keepablePins(
  task: PlanTask,
  places: Eligibilities,
  conflicts: Conflict[]
): { pins: Pin[]; strayed: boolean } {
  const kept: { pins: Pin[]; strayed: boolean } = { pins: [], strayed: false };
  if (usableConfigs(task, places).length === 0) {
    return kept;
  }
  const { release } = termsOf(task);
  for (const constraint of CONSTRAINTS) {
    const place = constraint.ofTask?.(task)?.place;
    if (place === undefined) {
      continue;
    }
    const attempts = [{ pin: place.pin, relax: undefined }, ...place.concessions];
    const met = attempts.find(({ pin }) => {
      const pins = [...kept.pins, pin];
      return (
        usableConfigs(task, places, pins).length > 0 || (release === 0 && staysWithin(task.running, pins))
      );
    })!;
    kept.pins.push(met.pin);
    if (met.relax !== undefined) {
      kept.strayed = true;
      conflicts.push({
        constraint: constraint.name,
        task: task.name,
        message: place.impossible,
        relax: met.relax,
        proven: true
      });
    }
  }
  return kept;
}

/** Whether a task runs already, and where pins allow it. */
export function staysWithin(running: Placement | undefined, pins: readonly Pin[]): running is Placement {
  return (
    running !== undefined &&
    pins.every(
      pin =>
        admits(pin, running.strategy) &&
        (pin.node === undefined || pin.node === running.node) &&
        (pin.devices === undefined || running.devices.every(device => pin.devices!.includes(device)))
    )
  );
}

/**
 * What a task misses that stays where it runs.
 *
 * @param conflicts - added to, but for what has been told of the task.
 */
export function missByStaying(task: PlanTask, conflicts: Conflict[]): void {
  for (const constraint of CONSTRAINTS) {
    const message = constraint.missedByStaying?.(task);
    const told = conflicts.some(other => other.task === task.name && other.constraint === constraint.name);
    if (message !== undefined && !told) {
      conflicts.push({
        constraint: constraint.name,
        task: task.name,
        message,
        relax: 'Let running tasks be moved.',
        proven: true
      });
    }
  }
}

/** Lanes and budgets that the tasks of a request share, each budget with the constraint whose it is. */
export function sharedTermsOf(request: PlanRequest): {
  lanes: ILanes[];
  budgets: (IBudget & Pick<Conflict, 'constraint'>)[];
} {
  const all = CONSTRAINTS.map(constraint => ({
    constraint: constraint.name,
    ...constraint.ofAll?.(request)
  }));
  return {
    lanes: all.flatMap(({ lanes }) => lanes ?? []),
    budgets: all.flatMap(({ constraint, budget }) =>
      budget === undefined ? [] : [{ constraint, ...budget }]
    )
  };
}
