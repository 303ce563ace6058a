import { sharesOf } from '../model/schedule/deviceRuns.js';
import type { Attempt, Failure, GroupEvent, TaskState } from '../wire/messages.js';
import type { Command } from './command.js';
import { isOfDevice } from './excludedDevices.js';
import { startOf } from './groupStart.js';
import { isInCluster } from './nodes.js';
import { isOfMeeting, PART_LOST } from './rankGroups.js';
import { findTask, type ISession, type IStep, isActive, lastAttempt, withTask } from './session.js';
import { nodesOf, stopGroup } from './stopping.js';
import { noteAttempt } from './takeovers.js';
import { activeTasks } from './taskTable.js';

/** Seconds for a part to say what it knows, once another has ended in trouble: it cannot save without that. */
const LAST_WORDS_SECONDS = 5;

const ENDS: ReadonlySet<GroupEvent['kind']> = new Set(['finished', 'stopped', 'failed', 'oom', 'lost']);

/**
 * Note what happened to a rank group. One over several nodes is one attempt: the first part starts alone, the others once it
 * waits for them; it speaks for all while they train. When a part ends the others are to, and the attempt ends with the last.
 */
export function notePart(session: ISession, event: GroupEvent): IStep {
  const task = findTask(session, event.task);
  const attempt = task && lastAttempt(task);
  if (!task || !attempt?.elsewhere || attempt.number !== event.attempt || !isActive(task)) {
    return noteAttempt(session, event);
  }
  const { node = attempt.node } = event;
  if (event.kind === 'meets') {
    return meet(session, task, attempt, event);
  }
  if (!ENDS.has(event.kind)) {
    return node === attempt.node ? noteAttempt(session, event) : { session, commands: [] };
  }
  const { ends: before = [], ...rest } = attempt;
  const isKnown = before.some(end => end.node === node) || !nodesOf(attempt).includes(node);
  if (isKnown) {
    return { session, commands: [] };
  }
  const ends = [...before, { ...event, node }];
  if (nodesOf(attempt).every(one => ends.some(end => end.node === one))) {
    const others = withAttempt(session, task, rest);
    return noteAttempt(others, { ...verdict(attempt, ends), time: event.time });
  }
  const ending = withAttempt(session, task, { ...attempt, ends });
  return { session: ending, commands: stopOthers(ending, task.spec.name) };
}

/** Have the parts of an attempt leave whose others have ended; nothing when none has, or all have. */
export function stopOthers(session: ISession, name: string): Command[] {
  const task = findTask(session, name);
  const attempt = task && lastAttempt(task);
  if (!task || !attempt?.ends) {
    return [];
  }
  const { ends } = attempt;
  const isTrouble = ends.some(({ error }) => error !== undefined);
  return stopGroup(session.state, task, attempt)
    .filter(({ node }) => ends.every(end => end.node !== node))
    .map(stop => (isTrouble ? { ...stop, body: { ...stop.body, graceSeconds: LAST_WORDS_SECONDS } } : stop));
}

/**
 * Note that what a node had of groups over several nodes is gone; groups on one node are left as they are.
 *
 * @param isAlive - whether the node still has its part of an attempt.
 * @param time - seconds since the epoch.
 */
export function loseParts(
  session: ISession,
  node: string,
  time: number,
  isAlive: (task: TaskState, attempt: Attempt) => boolean = () => false
): IStep {
  const error: Failure = { code: PART_LOST, message: `What ${node} had of the group is gone.` };
  const commands: Command[] = [];
  let next = session;
  for (const { spec } of activeTasks(session.state.tasks)) {
    const task = findTask(next, spec.name)!;
    const attempt = lastAttempt(task);
    if (attempt?.elsewhere && nodesOf(attempt).includes(node) && !isAlive(task, attempt)) {
      const lost = notePart(next, {
        task: spec.name,
        attempt: attempt.number,
        kind: 'lost',
        time,
        node,
        error
      });
      next = lost.session;
      commands.push(...lost.commands);
    }
  }
  return { session: next, commands };
}

/** The first part waits for the others: they begin, unless the attempt is to end. */
function meet(session: ISession, task: TaskState, attempt: Attempt, { meeting }: GroupEvent): IStep {
  if (attempt.joined || !meeting) {
    return { session, commands: [] };
  }
  const [, ...others] = sharesOf(attempt);
  if (task.status === 'stopping' || !others.every(({ node }) => isInCluster(session.state, node))) {
    // It has nothing to save, and would wait in vain.
    const stops = stopGroup(session.state, task, attempt);
    return { session, commands: stops.map(stop => ({ ...stop, body: { ...stop.body, graceSeconds: 0 } })) };
  }
  return {
    session: withAttempt(session, task, { ...attempt, joined: true }),
    commands: others.map(({ node }, index) => ({
      kind: 'start',
      node,
      body: startOf(session, task, attempt, { place: index + 1, meeting })
    }))
  };
}

function withAttempt(session: ISession, task: TaskState, attempt: Attempt): ISession {
  return withTask(session, task.spec.name, { attempts: [...task.attempts.slice(0, -1), attempt] });
}

/** How an attempt has ended, by the ends of all its parts in their order: rank 0 tells, unless another was in trouble before. */
function verdict(attempt: Attempt, ends: readonly GroupEvent[]): GroupEvent {
  const first = ends.find(({ node }) => node === attempt.node)!;
  const isDone = first.kind === 'finished' || (first.kind === 'stopped' && ends[0] === first);
  const [worst] = ends.filter(({ error }) => error !== undefined).sort((a, b) => gravity(a) - gravity(b));
  return isDone ? first : (worst ?? first);
}

/** What is told first of several troubles: what others follow from. */
function gravity({ kind, error }: GroupEvent): number {
  if (isOfDevice(error)) {
    return 0;
  }
  if (isOfMeeting(error)) {
    return 3;
  }
  return kind === 'oom' ? 1 : kind === 'failed' ? 2 : 4;
}
