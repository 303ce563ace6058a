import { isEqual } from '../wire/equality.js';
import type { Begun, JudgedTask, SweepLadder, SweepState, TaskState } from '../wire/messages.js';
import { findTask, type ISession, isActive, lastAttempt, mapSweeps, withTaskState } from './session.js';
import { taskNamed } from './taskTable.js';

/** What rules of sweeps have decided: a part of {@link Begun}. */
type Judged = Pick<Begun, 'judged' | 'ladders'>;

/** What rules have made of tasks from one session to the next, and after which steps these are compared. */
export function judgedBetween(
  { state: before }: Pick<ISession, 'state'>,
  { state: after }: Pick<ISession, 'state'>
): Judged {
  if (after.sweeps === undefined) {
    return {};
  }
  const judged =
    before.tasks === after.tasks
      ? []
      : after.tasks.flatMap((task, place) => {
          const isSame = before.tasks[place] === task;
          const old = isSame ? undefined : taskNamed(before.tasks, task.spec.name);
          return !old || isEqual(verdictOf(old), verdictOf(task)) ? [] : [verdictOf(task)];
        });
  const ladders = after.sweeps.flatMap((sweep): SweepLadder[] => {
    const old = before.sweeps?.find(({ spec }) => spec.name === sweep.spec.name);
    const ladder = old === sweep ? undefined : ladderOf(sweep);
    return ladder && !(old && isEqual(ladderOf(old), ladder)) ? [ladder] : [];
  });
  return {
    ...(judged.length > 0 && { judged: judged as Begun['judged'] }),
    ...(ladders.length > 0 && { ladders: ladders as Begun['ladders'] })
  };
}

/**
 * The session in which rules have decided what the journal says, and nothing else.
 *
 * @param supposed - what they decided by the rules that there are now.
 */
export function withJudged(before: ISession, after: ISession, supposed: Judged, told: Judged): ISession {
  if (isEqual(judgedOf(supposed), judgedOf(told))) {
    return after;
  }
  const named = (those: Judged, name: string): JudgedTask | undefined =>
    those.judged?.find(({ task }) => task === name);
  const names = [...(supposed.judged ?? []), ...(told.judged ?? [])].map(({ task }) => task);
  const judged = [...new Set(names)]
    .filter(name => !isEqual(named(supposed, name), named(told, name)))
    .reduce((session, name) => withVerdict(before, session, name, named(told, name)), after);
  return mapSweeps(judged, sweep => withLadder(before, sweep, supposed, told));
}

const judgedOf = ({ judged, ladders }: Judged): Judged => ({ judged, ladders });

function verdictOf({ spec, givenUp, pausedAt }: TaskState): JudgedTask {
  return { task: spec.name, ...(givenUp && { givenUp }), ...(pausedAt !== undefined && { pausedAt }) };
}

function ladderOf({ spec, firstRung, measure }: SweepState): SweepLadder | undefined {
  return firstRung === undefined ? undefined : { sweep: spec.name, firstRung, ...(measure && { measure }) };
}

/** @param told - absent when its rule left it as it was. */
function withVerdict(before: ISession, session: ISession, name: string, told?: JudgedTask): ISession {
  const [old, task] = [findTask(before, name), findTask(session, name)];
  if (!old || !task || task.status === 'finished' || task.status === 'failed') {
    return session;
  }
  const { givenUp, pausedAt } = told ?? verdictOf(old);
  const others = session.setAside.filter(one => one !== name);
  const isAside = givenUp !== undefined || before.setAside.includes(name);
  return withTaskState(
    { ...session, setAside: isAside ? [...others, name] : others },
    { ...task, ...standing(old, task, told), givenUp, pausedAt }
  );
}

/** What a task is about that is given up, waits at a rung, or does neither. */
function standing(old: TaskState, task: TaskState, told?: JudgedTask): Pick<TaskState, 'status' | 'moving'> {
  const { givenUp, pausedAt } = told ?? verdictOf(old);
  const last = lastAttempt(old)?.number;
  const trains = isActive(old) && task.attempts.some(one => one.number === last && one.endedAt === undefined);
  if (!trains) {
    return { status: givenUp ? 'stopped' : 'ready', moving: undefined };
  }
  if (told && (givenUp || pausedAt !== undefined)) {
    return { status: 'stopping', moving: undefined };
  }
  const goesOn = told !== undefined && old.status === 'stopping';
  return { status: old.status, moving: goesOn ? true : old.moving };
}

function withLadder(before: ISession, sweep: SweepState, supposed: Judged, told: Judged): SweepState {
  const { name } = sweep.spec;
  const of = ({ ladders }: Judged): SweepLadder | undefined => ladders?.find(one => one.sweep === name);
  if (isEqual(of(supposed), of(told))) {
    return sweep;
  }
  const old = before.state.sweeps?.find(({ spec }) => spec.name === name);
  const { firstRung, measure } = of(told) ?? old ?? {};
  const { firstRung: _first, measure: _measure, ...rest } = sweep;
  return { ...rest, ...(firstRung !== undefined && { firstRung }), ...(measure && { measure }) };
}
