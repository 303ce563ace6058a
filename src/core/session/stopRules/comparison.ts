import { membersOf } from '../../model/sweepTasks.js';
import type { Criterion, GivenUp, TaskState } from '../../wire/messages.js';
import { sharedRun } from '../fusedRuns.js';
import { wouldBeginAnew } from '../planRequest.js';
import { type ISession, isActive, isOpen, lastAttempt } from '../session.js';
import { comparedBy, type IRuledSweep, ladderOf } from './ladder.js';
import { arrival, type IComparison, scoreOf } from './stopRule.js';

/** What is known of the tasks of a sweep at one of its rungs. */
export interface IRung {
  readonly ruled: IRuledSweep;
  /** Which of the sweep's it is, from 0. */
  readonly place: number;
  /** Scores of those that were there, by name: in the order of the tasks, behind them those that were given up. */
  readonly scores: ReadonlyMap<string, number>;
  /** How many may still come. */
  readonly coming: number;
  /** Whether some of those wait for devices, or are still to be made. */
  readonly waiting: boolean;
}

export function rungAt(session: ISession, ruled: IRuledSweep, place: number): IRung {
  const { spec } = ruled.sweep;
  const scores = new Map<string, number>();
  const over = new Map<string, number>();
  const hopeless = unplanned(session);
  const members = membersOf(session.state.tasks, spec.name);
  const toCome = isStuck(session, ruled, members, hopeless) ? 0 : pointsToCome(session, ruled);
  let coming = toCome;
  let waiting = toCome > 0;
  for (const task of members) {
    const ladder = ladderOf(session.state, ruled, task);
    const at = ladder[place];
    const found = at === undefined ? undefined : task.rungs?.find(({ step }) => step === at);
    if (found) {
      (task.givenUp ? over : scores).set(task.spec.name, scoreOf(found.value, goalOf(ruled, task)));
    } else if (!hopeless.has(task.spec.name) && mayCome(session, task, task.inspection ? at : Infinity)) {
      coming += 1;
      waiting ||= waitsForDevices(task);
    }
  }
  return { ruled, place, scores: new Map([...scores, ...over]), coming, waiting };
}

/** How a task compares that has come to a rung just now. */
export function arrivalAt(session: ISession, rung: IRung, task: TaskState): IComparison {
  const { ruled, scores, coming, waiting, place } = rung;
  const { name } = task.spec;
  const others = [...scores].filter(([other]) => other !== name).map(([, score]) => score);
  const known = (task.rungs ?? []).map(({ value }) => scoreOf(value, goalOf(ruled, task)));
  const pays = waiting && session.state.goal === 'run' && freesDevices(session, task);
  return arrival(scores.get(name)!, others, { best: Math.max(...known), rung: place, coming, pays });
}

/** How a task compares that waits at a rung, without having come there last. */
export function waitingAt(rung: IRung, task: TaskState, place: number): IComparison {
  const { scores, coming, waiting } = rung;
  const { name } = task.spec;
  const others = (): number[] => [...scores].filter(([other]) => other !== name).map(([, score]) => score);
  const score = scores.get(name)!;
  return { score, best: score, of: scores.size, others, place, rung: rung.place, coming, pays: waiting };
}

/** Why a task is given up at a rung. */
export function givenUpAt({ numbers }: IRuledSweep, step: number, { place, of }: IComparison): GivenUp {
  return { rule: numbers.kind, step, place, of };
}

/** Places of the tasks that were at a rung, by name: of equal ones the first of the tasks has the better, unless it was given up. */
export function placesAt({ scores }: IRung): ReadonlyMap<string, number> {
  const order = [...scores].sort(([, a], [, b]) => (a === b ? 0 : b - a));
  return new Map(order.map(([name], index) => [name, index + 1]));
}

function goalOf(ruled: IRuledSweep, task: TaskState): Criterion['goal'] {
  return comparedBy(ruled, task).goal;
}

/** Whether a task may yet be compared after a step, which it was not. */
function mayCome({ selection }: ISession, task: TaskState, at: number | undefined): boolean {
  const { spec, status, moving, spared, removing, checkpointStep = 0, rungs = [] } = task;
  const isWanted = !spared && !removing && (selection?.includes(spec.name) ?? true);
  const isPast = at === undefined || checkpointStep > at || rungs.some(({ step }) => step > at);
  const isOver =
    status === 'finished' ||
    status === 'failed' ||
    status === 'invalid' ||
    status === 'stopped' ||
    (status === 'stopping' && !moving && task.pausedAt === undefined);
  return isWanted && !isPast && !isOver;
}

/** Whether a task would begin if there were room: one that is to begin later has no use for any yet. */
function waitsForDevices(task: TaskState): boolean {
  return !isActive(task) && task.pausedAt === undefined && task.wishes?.earliestStart === undefined;
}

function pointsToCome({ selection }: ISession, { sweep }: IRuledSweep): number {
  const { spec, made, error } = sweep;
  const isSearched = spec.template !== undefined && error === undefined && selection === null;
  return isSearched ? Math.max(0, (spec.points ?? 0) - made) : 0;
}

/** Whether no further points are made, as those that are there wait in vain: no plan has any of them. */
function isStuck(
  { state }: ISession,
  { sweep }: IRuledSweep,
  members: readonly TaskState[],
  hopeless: ReadonlySet<string>
): boolean {
  const left = members.filter(task => task.status === 'inspecting' || isOpen(task, state));
  return sweep.asked === undefined && left.length > 0 && left.every(({ spec }) => hopeless.has(spec.name));
}

function unplanned({ state: { plan } }: ISession): ReadonlySet<string> {
  return new Set(plan?.fresh ? plan.plan.unplanned.map(({ task }) => task) : []);
}

/** Whether devices are free without a task, and nothing of it is lost. */
function freesDevices({ state }: ISession, task: TaskState): boolean {
  const attempt = lastAttempt(task);
  return attempt !== undefined && sharedRun(state, attempt) === undefined && !wouldBeginAnew(task);
}
