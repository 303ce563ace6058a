import { isPaused, isPointOf } from '../model/sweepTasks.js';
import { MOST_FUSED } from '../profiling/fusedSpeeds.js';
import type {
  Failure,
  PointsSuggestedEvent,
  SessionState,
  SweepSpec,
  SweepState,
  TaskSpec,
  TaskState
} from '../wire/messages.js';
import type { Command } from './command.js';
import { fusionBase } from './fusedRuns.js';
import { plannedCluster } from './plannedCluster.js';
import { findSweep, type ISession, type IStep, isOpen, isStaying, mapSweeps, withState } from './session.js';
import { addTasks } from './tasks.js';
import { hasActive } from './taskTable.js';

/** Asks for further points of a sweep. */
export type SuggestCommand = Extract<Command, { kind: 'suggest' }>;

/** So many points wait or train at once where those before say nothing of those to come. */
const MOST_AT_ONCE = 512;

/**
 * The sweep of the session with which one goes on that is told again: its code, space and search are the same. A population
 * begins at random, though with another rule others would be chosen: its points stay as that comes or goes.
 */
export function continued({ state }: ISession, spec: SweepSpec): SweepState | undefined {
  const before = findSweep(state, spec.name);
  const isPopulation = [before?.spec, spec].some(one => one?.stop?.kind === 'pbt');
  const what = ({ template, space, search, seed }: SweepSpec): string => {
    const { hash, epochs, steps } = template ?? {};
    return JSON.stringify([hash, epochs, steps, space, isPopulation || search, seed]);
  };
  return before && what(before.spec) === what(spec) ? before : undefined;
}

/** Whether what is known of points decides about those to come, so that it pays to wait for it. */
export function isLearned({ search }: SweepSpec): boolean {
  return search === 'tpe';
}

/**
 * How many points are to wait or train at once: those of which others learn, as few as keep the devices busy, or fill a run on
 * each where they can train together.
 */
export function pointsAtOnce(session: ISession, spec: SweepSpec): number {
  if (!isLearned(spec)) {
    return MOST_AT_ONCE;
  }
  const devices = plannedCluster(session.state).nodes.flatMap(node => node.devices).length;
  return Math.max(1, devices) * (trainTogether(session, spec) ? MOST_FUSED : 2);
}

/** Whether points of a sweep were seen to be such as can train in one run. */
function trainTogether({ state }: ISession, { name }: SweepSpec): boolean {
  const isOwn = (task: TaskState): boolean => task.spec.sweep === name && fusionBase(task) !== undefined;
  return state.wishes?.fuse !== 'never' && state.tasks.some(isOwn);
}

/** The session that knows of a sweep, and how many of its points there are. One of the same name gives way to it; its tasks stay. */
export function withSweep(session: ISession, spec: SweepSpec | undefined, made: number): ISession {
  if (!spec) {
    return session;
  }
  const old = findSweep(session.state, spec.name);
  const others = (session.state.sweeps ?? []).filter(sweep => sweep !== old);
  // What was compared already stays comparable under the same rule.
  const same = JSON.stringify(old?.spec.stop) === JSON.stringify(spec.stop);
  const { firstRung, measure } = (same && old) || {};
  const ladder = firstRung === undefined ? {} : { firstRung, ...(measure && { measure }) };
  return withState(session, { sweeps: [...others, { spec, made, ...ladder }] });
}

/** Names of the sweeps that end, as the cells that they are of have made other tasks without one. */
export function endedSweeps(session: ISession, told: readonly TaskSpec[]): ReadonlySet<string> {
  const { sweeps = [], tasks } = session.state;
  const ended = sweeps
    .filter(({ spec: { name, template } }) => {
      const origin = template?.origin ?? tasks.find(({ spec }) => isPointOf(spec, name))?.spec.origin;
      return told.some(spec => isPointOf(spec, name) && spec.origin === origin);
    })
    .map(({ spec }) => spec.name);
  return new Set(ended);
}

/** The session without some sweeps; their tasks stay. */
export function withoutSweeps(session: ISession, names: ReadonlySet<string>): ISession {
  const { sweeps = [] } = session.state;
  return names.size > 0
    ? withState(session, { sweeps: sweeps.filter(({ spec }) => !names.has(spec.name)) })
    : session;
}

/** The session without the sweeps of which somebody has taken out the last task. */
export function withoutEmptySweeps(before: ISession, session: ISession): ISession {
  const { sweeps, tasks } = session.state;
  if (!sweeps || tasks.length === before.state.tasks.length) {
    return session;
  }
  const left = new Set(tasks.map(({ spec }) => spec.sweep));
  const had = new Set(before.state.tasks.map(({ spec }) => spec.sweep));
  return withoutSweeps(session, new Set([...had].filter(name => !left.has(name))));
}

/** The session whose sweeps try again to get points that there were none of. */
export function withSweepsTriedAgain(session: ISession): ISession {
  return mapSweeps(session, sweep => {
    const { error, ...rest } = sweep;
    return error ? rest : sweep;
  });
}

/** Put suggested points into the session; or note why no further ones come. */
export function noteSuggested(session: ISession, event: PointsSuggestedEvent): IStep {
  const { sweep: name, tasks, error } = event;
  const noted = mapSweeps(session, sweep => {
    if (sweep.spec.name !== name) {
      return sweep;
    }
    const { asked: _answered, error: _before, ...rest } = sweep;
    return { ...rest, made: sweep.made + tasks.length, ...(error && { error }) };
  });
  const { wishes } = findSweep(session.state, name)?.spec ?? {};
  return addTasks(noted, tasks, wishes);
}

/**
 * Have further points thought up of the sweeps that have some left, so that there is always something to plan for devices that
 * will be free: while a run of all tasks goes on, or before anything of a sweep was trained.
 */
export function suggestPoints(session: ISession): IStep {
  const commands: SuggestCommand[] = [];
  const next = mapSweeps(session, sweep => {
    const count = wanted(session, sweep);
    if (count === 0) {
      return sweep;
    }
    const error = futility(session, sweep);
    if (error) {
      return { ...sweep, error };
    }
    const asked = { ...sweep, asked: count };
    commands.push(suggestionOf(asked));
    return asked;
  });
  return { session: next, commands };
}

/** What was asked for, and not answered: by an engine that has ended since. */
export function openSuggestions({ state: { sweeps = [] } }: ISession): SuggestCommand[] {
  return sweeps.filter(({ asked }) => asked !== undefined).map(suggestionOf);
}

/**
 * Whether points that were asked for are still waited for.
 *
 * @param asked - the session that asked.
 */
export function isAwaitedSuggestion(
  asked: ISession,
  now: ISession,
  { sweep: name }: SuggestCommand
): boolean {
  const [then, sweep] = [asked, now].map(({ state }) => findSweep(state, name));
  return (
    then !== undefined &&
    sweep !== undefined &&
    sweep.asked === then.asked &&
    sweep.made === then.made &&
    JSON.stringify(sweep.spec) === JSON.stringify(then.spec)
  );
}

/** The sweeps of which one's points are not waited for: they are asked for again. */
export function withoutQuestion({ sweeps = [] }: SessionState, name: string): Pick<SessionState, 'sweeps'> {
  return {
    sweeps: sweeps.map(sweep => {
      const { asked: _lost, ...rest } = sweep;
      return sweep.spec.name === name ? rest : sweep;
    })
  };
}

/** Whether points of a sweep are being thought up, or members of one made. */
export function awaitsPoints({ sweeps = [] }: SessionState): boolean {
  return sweeps.some(({ asked, renewing }) => asked !== undefined || renewing !== undefined);
}

function suggestionOf({ spec, made, asked = 0 }: SweepState): SuggestCommand {
  return { kind: 'suggest', sweep: spec.name, made, count: asked };
}

function wanted(session: ISession, { spec, made, asked, error }: SweepState): number {
  const { goal, cluster, pause, tasks } = session.state;
  const left = (spec.points ?? 0) - made;
  if (!spec.template || left <= 0 || asked !== undefined || error || !cluster || pause) {
    return 0;
  }
  const own = tasks.filter(task => task.spec.sweep === spec.name);
  const isWanted =
    goal === 'run'
      ? session.selection === null
      : !hasActive(own) && own.every(({ attempts }) => attempts.length === 0);
  if (!isWanted) {
    return 0;
  }
  const open = own.filter(task => isToCome(task, session.state)).length;
  const most = pointsAtOnce(session, spec);
  // Where they come by many, others come when half are over.
  const isEnough = isLearned(spec) && !trainTogether(session, spec) ? open >= most : open > most / 2;
  return isEnough ? 0 : Math.min(left, most - open);
}

/** Why no further points are tried: as many as wait at once have failed, and none was trained. */
function futility(session: ISession, { spec }: SweepState): Failure | undefined {
  const own = session.state.tasks.filter(task => task.spec.sweep === spec.name);
  const failed = own.filter(({ status }) => status === 'invalid' || status === 'failed');
  const isAll =
    failed.length >= pointsAtOnce(session, spec) && own.every(({ progress }) => progress.step === 0);
  return isAll
    ? {
        code: 'points-fail',
        message:
          `${failed.length} points of "${spec.name}" have failed, and none was trained: no further ones are tried. ${failed[0]?.error?.message ?? ''}`.trim(),
        hint: 'Correct the function, and run its cell again.'
      }
    : undefined;
}

function isToCome(task: TaskState, state: SessionState): boolean {
  const { status } = task;
  if (isPaused(task)) {
    return false; // others may come before it goes on
  }
  return status === 'inspecting' || status === 'ready' || isStaying(task) || isOpen(task, state);
}
