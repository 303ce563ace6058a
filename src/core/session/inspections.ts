import type { DeviceKind, Inspect, InspectResult, SessionEvent, TaskState } from '../wire/messages.js';
import type { Command } from './command.js';
import { maxDevicesEver } from './deviceCounts.js';
import { excludeDevices, isOfDevice } from './excludedDevices.js';
import { type Inspectors, inspectors } from './inspectors.js';
import { isAwaited, lacksVerdict, withFound } from './kindVerdicts.js';
import { isConnected } from './nodes.js';
import {
  findTask,
  followsGiven,
  type ISession,
  type IStep,
  isActive,
  isFailedInTrial,
  isResumable,
  mapTasks,
  techniquesOf,
  withNews,
  withStaleProfile,
  withState,
  withTask,
  withTaskState
} from './session.js';
import { inspecting, stopInspections } from './stopping.js';
import { whyUnjudged } from './stopRules/refusal.js';
import { isOfStorage, noteDiskFull } from './storage.js';
import { hasActive, placeless } from './taskTable.js';

/**
 * Ask for the inspection of the tasks that wait for one, but not on a device: of one node for all devices of a kind. Nothing is
 * asked while no devices are known, nor of a node that does not listen.
 */
export function inspect(
  session: ISession,
  which: (task: TaskState, kind: DeviceKind) => boolean = () => true
): Command[] {
  const most = maxDevicesEver(session);
  return [...inspectors(session.state)].flatMap(([kind, node]): Command[] => {
    const wanted = session.state.tasks.filter(task => lacksVerdict(task, kind) && which(task, kind));
    const maxDevices = most.get(kind) ?? 0;
    if (maxDevices === 0 || !isConnected(session.state, node)) {
      return [];
    }
    return PARTS.flatMap((part): Command[] => {
      const own = wanted.filter(({ look }) => look === part);
      const tasks = part === 'rest' ? own.sort(byNeed) : own;
      const specs = tasks.map(({ spec }) => spec);
      const body: Inspect = { tasks: specs, maxDevices, ...(part && { part }), ...techniquesOf(session) };
      return tasks.length > 0 ? [{ kind: 'inspect', node, body }] : [];
    });
  });
}

const PARTS = ['first', undefined, 'rest'] as const;

/** Those that wait before those that train meanwhile. */
const byNeed = (one: TaskState, other: TaskState): number => Number(isActive(one)) - Number(isActive(other));

/** Ask again of those nodes that inspect from now on, as others have left that did. */
export function handOver(session: ISession, before: Inspectors): Command[] {
  const now = inspectors(session.state);
  return inspect(session, (_, kind) => before.get(kind) !== now.get(kind));
}

/**
 * What is feasible may have changed: have the tasks that wait inspected again. Those that are on a device are given up
 * there and begin anew: they may need none now, or another. While others train, what can begin by what is known of it need
 * not wait for more.
 *
 * @param kind - of the devices for which it may have changed; all when absent.
 */
export function inspectAgain(session: ISession, kind?: DeviceKind): IStep {
  const there: string[] = [];
  const goesOn = session.state.goal === 'run' && hasActive(session.state.tasks);
  // What is being found out is for fewer, and would seem to be all.
  const asked = inspecting(session, name => !findTask(session, name)?.onDevice);
  const next = withStaleProfile(
    mapTasks(session, task => {
      const { onDevice, verdicts, ...rest } = task;
      if (goesOn && task.status === 'ready' && verdicts?.some(verdict => verdict.kind === kind)) {
        return {
          ...task,
          verdicts: verdicts.map(one => (one.kind === kind ? { ...one, outdated: true } : one))
        };
      }
      const kept = verdicts?.filter(verdict => kind !== undefined && verdict.kind !== kind);
      const anew: TaskState = { ...rest, ...(kept && { verdicts: kept }) };
      if (onDevice) {
        there.push(task.spec.name);
        return anew;
      }
      const { status } = task;
      return status === 'inspecting' || status === 'ready' || status === 'invalid' || isFailedInTrial(task)
        ? { ...anew, ...(task.alike && { alike: 'waits' }), status: 'inspecting' }
        : task;
    })
  );
  return {
    session: next,
    commands: [
      ...stopInspections(asked, kind && inspectors(session.state).get(kind)),
      ...stopInspections(there),
      ...inspect(next, (_, of) => kind === undefined || of === kind)
    ]
  };
}

/**
 * There are devices of a kind that there were none of: tasks are inspected for them as well, and go on meanwhile. What
 * could be built for no other may be for these.
 */
export function inspectFor(session: ISession, kind: DeviceKind): IStep {
  const next = withStaleProfile(
    mapTasks(session, task =>
      task.status === 'invalid' || isFailedInTrial(task) ? { ...task, status: 'inspecting' } : task
    )
  );
  return { session: next, commands: inspect(next, (_, of) => of === kind) };
}

/** Have those tasks inspected, of the named ones or of all, whose inspection was stopped. */
export function inspectStopped(session: ISession, names: readonly string[] | null): IStep {
  return inspectAnew(session, task => isUninspected(task) && (names?.includes(task.spec.name) ?? true));
}

/** Have tasks inspected, whatever was found of those that could not be built. */
export function inspectAnew(session: ISession, which: (task: TaskState) => boolean): IStep {
  const again = new Set(session.state.tasks.filter(which).map(task => task.spec.name));
  if (again.size === 0) {
    return { session, commands: [] };
  }
  const next = withStaleProfile(
    mapTasks(session, task => {
      const { error: _gone, verdicts: _before, ...unbuilt } = task;
      const kept = task.status === 'invalid' ? unbuilt : task;
      return again.has(task.spec.name) ? { ...kept, status: 'inspecting' } : task;
    })
  );
  return { session: next, commands: inspect(next, task => again.has(task.spec.name)) };
}

/** Whether a task's inspection was stopped before it told anything. */
export function isUninspected(task: TaskState): boolean {
  return task.status === 'stopped' && !isResumable(task);
}

/** What an event tells of inspections; older journals hold one in each. */
export function resultsOf({ results, result }: SessionEvent & { kind: 'inspected' }): InspectResult[] {
  return results ?? (result ? [result] : []);
}

/**
 * Note what inspections found, the last word counts; results of a spec that was replaced meanwhile are dropped. What
 * failed for what may be the lack of a device is inspected again on one; for the fault of that, on another; for a full disk,
 * when there is room.
 *
 * @param time - seconds since the epoch.
 */
export function noteInspections(
  session: ISession,
  results: readonly InspectResult[],
  time: number
): ISession {
  return results.reduce((noted, result) => noteInspection(noted, result, time), session);
}

function noteInspection(session: ISession, result: InspectResult, time: number): ISession {
  const { needsDevice, error } = result;
  const task = findTask(session, result.task);
  if (!task || task.spec.hash !== result.hash || !isAwaited(task, result)) {
    return session;
  }
  const { name } = task.spec;
  const place = task.onDevice;
  const { partial } = result.inspection ?? {};
  if (partial && task.status !== 'inspecting') {
    return session;
  }
  if (error && isActive(task) && task.inspection?.partial) {
    return withTask(session, name, isOfStorage(error) ? { look: undefined } : { look: 'refused', error });
  }
  if (needsDevice) {
    const waiting = { ...(result.kind && { kind: result.kind }) };
    return task.status === 'inspecting' ? withTask(session, name, { onDevice: place ?? waiting }) : session;
  }
  if (isOfStorage(error)) {
    const again = { status: 'inspecting' as const, ...(place && { onDevice: placeless(place) }) };
    return noteDiskFull(withTask(session, name, again), error, time);
  }
  if (place?.device !== undefined && isOfDevice(error)) {
    const waiting = withTask(session, name, { onDevice: placeless(place) });
    return excludeDevices(waiting, place.node, [place.device], error);
  }
  const found = withFound(task, result, inspectors(session.state));
  const unjudged = found.status === 'ready' ? whyUnjudged(session.state, found) : undefined;
  const known: TaskState = unjudged ? { ...found, status: 'invalid', error: unjudged } : found;
  const noted = withTaskState(session, known);
  return known.status === 'inspecting' ? noted : withMore(noted, name, time);
}

/** The planner is not asked again for one more task when it was asked this short a time before, in seconds. */
const PAUSE_SECONDS = 1;

/**
 * The session that knows of one more task. A thousand may come one by one: the plan before it is followed or made to its end
 * while they do, and each is in the next.
 */
export function withMore(session: ISession, name: string, time: number): ISession {
  const { question, learning } = session;
  const { goal, plan, planning, probing, tasks } = session.state;
  const isFollowed = goal === 'run' && plan && !probing && !learning && !followsGiven(session);
  const isRecent = question !== null && time - question.time < PAUSE_SECONDS;
  const goesOn = hasActive(tasks) ? isRecent : planning;
  if (!isFollowed || !goesOn) {
    return withStaleProfile(session);
  }
  const more: ISession = { ...session, profiled: false, bestMakespan: undefined };
  const counted = session.profiled ? withState(more, { trialsDone: 0 }) : more;
  const last = counted.news.at(-1);
  return last?.kind === 'added'
    ? { ...counted, news: [...counted.news.slice(0, -1), { ...last, tasks: [...(last.tasks ?? []), name] }] }
    : withNews(counted, { kind: 'added', tasks: [name] });
}
