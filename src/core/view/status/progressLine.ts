import type { SessionState, TaskStatus, Unplanned } from '../../wire/messages.js';
import { count, duration, plural } from '../format/format.js';
import { sessionTimeLeft } from './timeLeft.js';

const PRESENT: ReadonlySet<TaskStatus> = new Set(['starting', 'running', 'stopping']);

/**
 * Where the session stands, in one line: `Saturn: 3/12 trained, 2 running, about 40 s left`.
 *
 * @param now - seconds since the epoch.
 */
export function progressLine(state: SessionState, now: number): string {
  return `Saturn: ${facts(state, now).join(', ')}`;
}

function facts(state: SessionState, now: number): string[] {
  const all = state.tasks.length;
  if (all === 0) {
    return ['no tasks yet', ...away(state)];
  }
  const number = (wanted: (status: TaskStatus) => boolean): number =>
    state.tasks.filter(task => wanted(task.status)).length;
  const trained = number(status => status === 'finished');
  const running = number(status => PRESENT.has(status));
  const failed = number(status => status === 'failed' || status === 'invalid');
  const inspecting = number(status => status === 'inspecting');
  const troubles = [...(failed > 0 ? [`${count(failed)} failed`] : []), ...away(state)];
  if (inspecting > 0) {
    return [`looking at ${plural(inspecting, 'new task')}`, ...troubles];
  }
  const ending = state.trials.filter(({ status }) => status === 'stopping').length;
  if (state.trials.length > ending) {
    const trials = state.trialsDone + state.trials.length - ending;
    return [`measuring, ${count(state.trialsDone)} of ${plural(trials, 'trial')} done`, ...troubles];
  }
  if (ending > 0) {
    return [`stopping ${plural(ending, 'trial')}`, ...troubles];
  }
  if (state.probing) {
    return [`choosing what to measure next, ${plural(state.trialsDone, 'trial')} done`, ...troubles];
  }
  if (state.planning) {
    return [`planning ${plural(all - trained - failed, 'task')}`, ...troubles];
  }
  if (running === 0 && trained === 0 && state.goal !== 'run') {
    const out = leftOut(state).length;
    const ready = all - failed - out;
    const planned = state.plan?.fresh === true && ready > 0;
    return [
      `${plural(ready, 'task')} ${planned ? 'planned' : 'ready'}`,
      ...(out > 0 ? [`${count(out)} left out`] : []),
      ...troubles
    ];
  }
  const stopped = number(status => status === 'stopped');
  const out = leftOut(state).length;
  const left = state.goal === 'run' || running > 0 ? sessionTimeLeft(state, now) : undefined;
  return [
    `${count(trained)}/${count(all)} trained`,
    ...(running > 0 ? [`${count(running)} running`] : []),
    ...(stopped > 0 ? [`${count(stopped)} stopped`] : []),
    ...(out > 0 ? [`${count(out)} left out`] : []),
    ...troubles,
    ...(left !== undefined && left > 0 ? [`about ${duration(left < 10 ? left : Math.round(left))} left`] : [])
  ];
}

function away(state: SessionState): string[] {
  return state.agent === 'away' ? ['agent away'] : [];
}

/** Tasks still to be trained that the plan says no strategy can run: nothing trains them. */
export function leftOut(state: SessionState): Unplanned[] {
  const { plan } = state;
  const open = state.tasks.filter(({ status }) => status === 'ready' || status === 'stopped');
  const names = new Set(open.map(task => task.spec.name));
  return plan?.fresh ? plan.plan.unplanned.filter(({ task }) => names.has(task)) : [];
}
