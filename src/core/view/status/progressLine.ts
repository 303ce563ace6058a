import { busyElsewhere } from '../../model/busyDevices.js';
import type { ITranslation } from '../../model/translation.js';
import type { SessionState, TaskState, TaskStatus, Unplanned } from '../../wire/messages.js';
import { count, duration, listing, taskCount } from '../format/format.js';
import { sessionTimeLeft } from './timeLeft.js';

/** So many devices are named. */
const NAMED = 4;

const PRESENT: ReadonlySet<TaskStatus> = new Set(['starting', 'running', 'stopping']);

/**
 * Where the session stands, in one line: `Saturn: 3/12 trained, 2 running, about 40 s left`.
 *
 * @param now - seconds since the epoch.
 */
export function progressLine(state: SessionState, now: number, trans: ITranslation): string {
  return trans.__('Saturn: %1', facts(state, now, trans).join(', '));
}

function facts(state: SessionState, now: number, trans: ITranslation): string[] {
  const all = state.tasks.length;
  if (all === 0) {
    return [trans.__('no tasks yet'), ...away(state, trans)];
  }
  const number = (wanted: (status: TaskStatus) => boolean): number =>
    state.tasks.filter(task => wanted(task.status)).length;
  const trained = number(status => status === 'finished');
  const running = number(status => PRESENT.has(status));
  const failed = number(status => status === 'failed' || status === 'invalid');
  const troubles = [
    ...(failed > 0 ? [trans.__('%1 failed', count(failed))] : []),
    ...held(state, trans),
    ...away(state, trans)
  ];
  const preparing = preparation(state, all - trained - failed, trans);
  if (preparing !== undefined && running === 0) {
    return [preparing, ...troubles];
  }
  if (running === 0 && trained === 0 && state.goal !== 'run') {
    const out = leftOut(state).length;
    const ready = all - failed - out;
    const planned = state.plan?.fresh === true && ready > 0;
    return [
      planned
        ? trans.__('%1 planned', taskCount(ready, trans))
        : trans.__('%1 ready', taskCount(ready, trans)),
      ...(out > 0 ? [trans.__('%1 left out', count(out))] : []),
      ...troubles
    ];
  }
  const stopped = number(status => status === 'stopped');
  const out = leftOut(state).length;
  const left = state.goal === 'run' || running > 0 ? sessionTimeLeft(state, now) : undefined;
  return [
    trans.__('%1/%2 trained', count(trained), count(all)),
    ...(running > 0 ? [trans.__('%1 running', count(running))] : []),
    ...(preparing !== undefined ? [preparing] : []),
    ...(stopped > 0 ? [trans.__('%1 stopped', count(stopped))] : []),
    ...(out > 0 ? [trans.__('%1 left out', count(out))] : []),
    ...troubles,
    ...(left !== undefined && left > 0
      ? [trans.__('about %1 left', duration(left < 10 ? left : Math.round(left), trans))]
      : [])
  ];
}

/**
 * What goes on before tasks can train; undefined when nothing does. While others train it is said beside them.
 *
 * @param left - number of tasks that are still to be trained.
 */
function preparation(state: SessionState, left: number, trans: ITranslation): string | undefined {
  const inspecting = state.tasks.filter(({ status }) => status === 'inspecting').length;
  if (inspecting > 0) {
    return trans._n('looking at %2 new task', 'looking at %2 new tasks', inspecting, count(inspecting));
  }
  const ending = state.trials.filter(({ status }) => status === 'stopping').length;
  const exploring = state.tasks.filter(isExploring).length;
  if (state.trials.length + exploring > ending) {
    const trials = state.trialsDone + state.trials.length + exploring - ending;
    return trans._n(
      'measuring, %2 of %3 trial done',
      'measuring, %2 of %3 trials done',
      trials,
      count(state.trialsDone),
      count(trials)
    );
  }
  if (ending > 0) {
    return trans._n('stopping %2 trial', 'stopping %2 trials', ending, count(ending));
  }
  if (state.probing) {
    return trans._n(
      'choosing what to measure next, %2 trial done',
      'choosing what to measure next, %2 trials done',
      state.trialsDone,
      count(state.trialsDone)
    );
  }
  return state.planning ? trans.__('planning %1', taskCount(left, trans)) : undefined;
}

/** Whether a task is a trial as well: it has not measured yet what it trains by. */
function isExploring({ status, attempts }: TaskState): boolean {
  const attempt = attempts.at(-1);
  const trains = status === 'starting' || status === 'running';
  return trains && attempt?.explores === true && attempt.stepSeconds === undefined;
}

/** What the session waits for that is not its own to give. */
function held(state: SessionState, trans: ITranslation): string[] {
  const busy = busyElsewhere(state).map(({ device }) => device.id);
  return [
    ...(state.pause ? [trans.__('paused until there is room on the disk')] : []),
    ...(busy.length > 0 && state.goal !== 'none'
      ? [trans.__('waiting for %1, in use elsewhere', listing(busy, trans, NAMED))]
      : [])
  ];
}

function away(state: SessionState, trans: ITranslation): string[] {
  return state.agent === 'away' ? [trans.__('agent away')] : [];
}

/** Tasks still to be trained that the plan says no strategy can run: nothing trains them. */
export function leftOut(state: SessionState): Unplanned[] {
  const { plan } = state;
  const open = state.tasks.filter(({ status }) => status === 'ready' || status === 'stopped');
  const names = new Set(open.map(task => task.spec.name));
  return plan?.fresh ? plan.plan.unplanned.filter(({ task }) => names.has(task)) : [];
}
