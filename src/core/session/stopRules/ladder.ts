import { BY_LOSS } from '../../model/metricGoal.js';
import { isMember, membersOf } from '../../model/sweepTasks.js';
import type {
  Criterion,
  Inspection,
  SessionState,
  StopRule,
  SweepState,
  TaskState
} from '../../wire/messages.js';
import { findSweep, type ISession, mapSweeps } from '../session.js';
import { hasActive } from '../taskTable.js';
import { ruleOfKind } from './knownRules.js';
import type { IStopRule } from './stopRule.js';

/** A sweep whose tasks are compared as they train. */
export interface IRuledSweep {
  readonly sweep: SweepState;
  readonly numbers: StopRule;
  readonly rule: IStopRule;
}

/** The sweep of a task, if that has a rule which compares it with others: clones that somebody made of its tasks are none of it. */
export function ruledSweep(state: SessionState, task: TaskState): IRuledSweep | undefined {
  const sweep = isMember(task.spec) ? findSweep(state, task.spec.sweep) : undefined;
  const numbers = sweep?.spec.stop;
  const rule = numbers && ruleOfKind(numbers.kind);
  return sweep && numbers && rule && { sweep, numbers, rule };
}

/** By what the tasks of a sweep are compared: as was said with it, else as the task has it, else by their losses. */
export function comparedBy(
  { sweep }: Pick<IRuledSweep, 'sweep'>,
  { spec, inspection }: TaskState
): Criterion {
  return sweep.spec.by ?? spec.best ?? inspection?.best ?? BY_LOSS;
}

/**
 * After which steps a task is compared with the others of its sweep, in order; none for one that no rule judges. It is
 * compared after as many steps as they are where all are to make equally many, else after as many samples: either way at the
 * same share of what each is to see where that is as long. At its last step it is not.
 */
export function rungsOf({ state }: Pick<ISession, 'state'>, task: TaskState): readonly number[] {
  const ruled = task.spared ? undefined : ruledSweep(state, task);
  return ruled && !ruled.sweep.unjudged ? ladderOf(state, ruled, task) : [];
}

/** The rungs of a task, whether or not its rule judges it. */
export function ladderOf(state: SessionState, ruled: IRuledSweep, { inspection }: TaskState): number[] {
  const { firstRung, measure } = ruled.sweep.firstRung === undefined ? rungsBy(state, ruled) : ruled.sweep;
  if (!inspection || firstRung === undefined) {
    return [];
  }
  const { steps, batchSize } = inspection;
  return rungSteps(ruled, firstRung, steps, steps === measure?.steps ? measure.batchSize : batchSize);
}

/**
 * The rungs that a task has still before it when it goes on from a step; of one with a loop of its own also those at which that
 * has not been evaluated yet.
 */
export function rungsFrom(session: Pick<ISession, 'state'>, task: TaskState, step: number): number[] {
  const { warmStart } = task.spec;
  // Where it begins it was compared as the task that it goes on from.
  const known = (task.rungs ?? []).map(rung => rung.step).concat(warmStart?.continues ? warmStart.step : []);
  const from = task.inspection?.native === undefined ? step : Math.max(0, ...known);
  return rungsOf(session, task).filter(rung => rung >= from && !known.includes(rung));
}

function rungSteps({ rule, numbers }: IRuledSweep, first: number, steps: number, batch: number): number[] {
  const found: number[] = [];
  for (let samples = first; ; samples = rule.next(samples, first, numbers)) {
    const step = Math.max(1, Math.round(samples / batch));
    if (step >= steps) {
      return found;
    }
    if (step !== found.at(-1)) {
      found.push(step);
    }
  }
}

/**
 * After how many samples tasks are compared first, by what is known of them now, which is that of the longest; and after whose
 * steps, where all make as many.
 */
function rungsBy(
  state: SessionState,
  { sweep, numbers, rule }: IRuledSweep
): Pick<SweepState, 'firstRung' | 'measure'> {
  const known = membersOf(state.tasks, sweep.spec.name).flatMap(({ inspection }) => inspection ?? []);
  let longest = known[0];
  for (const inspection of known) {
    if (samplesOf(inspection) > samplesOf(longest!)) {
      longest = inspection;
    }
  }
  if (!longest) {
    return {};
  }
  const { steps, batchSize, evaluating } = longest;
  const share = Math.ceil(steps * rule.firstShare - 1e-9);
  const first = numbers.first ?? Math.max(1, share, evaluating?.every ?? 0);
  const areAlike = known.every(inspection => inspection.steps === steps);
  return { firstRung: first * batchSize, ...(areAlike && { measure: { steps, batchSize } }) };
}

function samplesOf({ steps, batchSize }: Inspection): number {
  return steps * batchSize;
}

/** The session in which sweeps are compared as they were, from when a task of them has begun: later points change no rung. */
export function withLadders(session: ISession): ISession {
  const { sweeps = [], tasks } = session.state;
  if (!sweeps.some(({ spec, firstRung }) => spec.stop && firstRung === undefined) || !hasActive(tasks)) {
    return session;
  }
  return mapSweeps(session, sweep => settled(session.state, sweep));
}

function settled(state: SessionState, sweep: SweepState): SweepState {
  const begun =
    sweep.firstRung === undefined &&
    membersOf(state.tasks, sweep.spec.name).find(task => task.attempts.length > 0);
  const ruled = begun ? ruledSweep(state, begun) : undefined;
  return ruled ? { ...sweep, ...rungsBy(state, ruled) } : sweep;
}
