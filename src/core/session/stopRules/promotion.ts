import { isPaused } from '../../model/sweepTasks.js';
import type { GroupEvent, SessionEvent, SweepState, TaskState } from '../../wire/messages.js';
import {
  findTask,
  followsGiven,
  type ISession,
  type IStep,
  isActive,
  withStalePlan,
  withTaskState
} from '../session.js';
import { giveUp } from '../stopping.js';
import { dispatchLists, stretchLeft } from '../stretches.js';
import { tableOf } from '../taskTable.js';
import { givenUpAt, type IRung, placesAt, rungAt, waitingAt } from './comparison.js';
import { type IRuledSweep, ladderOf, ruledSweep } from './ladder.js';

/** What changes nothing of who is at which rung, may yet come there, or waits for devices. */
const IDLE: ReadonlySet<GroupEvent['kind']> = new Set([
  'ready',
  'meets',
  'step',
  'measured',
  'validated',
  'checkpoint'
]);

/**
 * Have tasks go on that wait at rungs, or give them up, once that is known: as more have come there, or none comes any more. From
 * the first rung on, as who is given up there comes to no later one.
 */
export function promotePaused(session: ISession, event: SessionEvent): IStep {
  const isIdle = event.kind === 'group' && IDLE.has(event.event.kind);
  if (tableOf(session.state.tasks).paused === 0 || session.state.goal !== 'run' || isIdle) {
    return { session, commands: [] };
  }
  let step: IStep = { session: withoutStrays(session), commands: [] };
  for (const { spec } of session.state.sweeps ?? []) {
    // Who came to a further rung before it left goes on to wait there.
    for (let place = 0; place <= lastPlace(step.session, spec.name); place += 1) {
      const next = settle(step.session, spec.name, place);
      step = { session: next.session, commands: [...step.commands, ...next.commands] };
    }
  }
  return step;
}

interface IPaused {
  readonly task: TaskState;
  readonly ruled: IRuledSweep;
  /** Of the rung at which it waits. */
  readonly place: number;
}

/** Those of a sweep that wait; in a run of other tasks they go on waiting, as not all come that may. */
function pausedOf({ state, selection }: ISession, sweep: SweepState['spec']['name']): IPaused[] {
  return state.tasks.flatMap(task => {
    const { spec } = task;
    const isOf = isPaused(task) && spec.sweep === sweep && (selection?.includes(spec.name) ?? true);
    const ruled = isOf ? ruledSweep(state, task) : undefined;
    return ruled ? [{ task, ruled, place: ladderOf(state, ruled, task).indexOf(task.pausedAt!) }] : [];
  });
}

/** Of the last rung at which anybody waits; -1 of none. */
function lastPlace(session: ISession, sweep: string): number {
  return Math.max(-1, ...pausedOf(session, sweep).map(({ place }) => place));
}

/** Judge those that wait at a rung. */
function settle(session: ISession, sweep: string, place: number): IStep {
  const there = pausedOf(session, sweep).filter(one => one.place === place);
  const [first] = there;
  if (!first) {
    return { session, commands: [] };
  }
  const rung = rungAt(session, first.ruled, place);
  const places = placesAt(rung);
  return there.reduce<IStep>(
    (before, { task }) => {
      const next = judge(before.session, rung, task, places.get(task.spec.name)!);
      return { session: next.session, commands: [...before.commands, ...next.commands] };
    },
    { session, commands: [] }
  );
}

function judge(session: ISession, rung: IRung, task: TaskState, place: number): IStep {
  const { ruled } = rung;
  const comparison = waitingAt(rung, task, place);
  switch (ruled.rule.judge(comparison, ruled.numbers)) {
    case 'waits':
      return { session, commands: [] };
    case 'over':
      return giveUp(session, task, givenUpAt(ruled, task.pausedAt!, comparison));
    case 'goes on':
      return { session: promoted(session, ruled, task), commands: [] };
  }
}

/** The session in which a task goes on, unless it came to a further rung before it left: it waits there. */
function promoted(session: ISession, ruled: IRuledSweep, task: TaskState): ISession {
  const further = ladderOf(session.state, ruled, task).find(
    step => step > task.pausedAt! && task.rungs?.some(rung => rung.step === step)
  );
  return further === undefined
    ? released(session, task)
    : withTaskState(session, { ...task, pausedAt: further });
}

/** The session whose plan is to have a task again. */
function released(session: ISession, task: TaskState): ISession {
  const { pausedAt: _there, ...rest } = task;
  const next = withTaskState(session, isActive(task) ? { ...rest, moving: true } : rest);
  if (followsGiven(session) && isPlanned(session, rest)) {
    return next;
  }
  const stale = withStalePlan(next);
  return { ...stale, news: [...stale.news, { kind: 'resumed', tasks: [task.spec.name] }] };
}

/** Whether the plan that is followed has something for a task to do. */
function isPlanned({ state: { plan } }: ISession, task: TaskState): boolean {
  const { stretches = [], byTask } = plan ? dispatchLists(plan.plan) : {};
  const places = byTask?.get(task.spec.name) ?? [];
  return places.some(place => stretchLeft(stretches[place]!, task) !== undefined);
}

/** The session in which nobody waits whom no rule judges any more: its cell was run again with another, or without. */
function withoutStrays(session: ISession): ISession {
  return session.state.tasks.filter(isPaused).reduce((next, { spec }) => {
    const task = findTask(next, spec.name)!;
    const ruled = task.spared ? undefined : ruledSweep(next.state, task);
    const isJudged =
      ruled &&
      !ruled.sweep.unjudged &&
      ladderOf(next.state, ruled, task).includes(task.pausedAt!) &&
      task.rungs?.some(({ step }) => step === task.pausedAt);
    return isJudged ? next : released(next, task);
  }, session);
}
