import { busyElsewhere } from '../../model/busyDevices.js';
import { isPaused } from '../../model/sweepTasks.js';
import type { ITranslation } from '../../model/translation.js';
import { DISK_FAILED } from '../../wire/failure.js';
import type { SessionState, TaskState, TaskStatus } from '../../wire/messages.js';
import { count, listing, sharePercent, taskCount } from '../format/format.js';
import { deviceNames } from '../format/taskText.js';
import { leftOut } from './leftOut.js';
import { progressShare } from './progressShare.js';
import { leftWords } from './runLeft.js';
import { missedNodes } from './shownNodes.js';

/** So many devices are named. */
const NAMED = 4;

const TRAINING: ReadonlySet<TaskStatus> = new Set(['starting', 'running']);

/**
 * Where the session stands, in one line: `Saturn: 3/12 trained, 2 running, 43 % done, about 40 s left`.
 *
 * @param now - seconds since the epoch.
 */
export function progressLine(state: SessionState, now: number, trans: ITranslation): string {
  return trans.__('Saturn: %1', progressFacts(state, now, trans).join(', '));
}

/** The same, fact by fact. */
export function progressFacts(state: SessionState, now: number, trans: ITranslation): string[] {
  return [...standingFacts(state, trans), ...outlook(state, now, trans)];
}

/** How much is trained by time, and how long the rest takes: `43 % done`, `about 40 s left`. Nothing while nothing trains. */
export function outlook(state: SessionState, now: number, trans: ITranslation): string[] {
  const trains = state.tasks.some(({ status }) => TRAINING.has(status) || status === 'stopping');
  const leaves = state.goal !== 'run' && !state.tasks.some(isRunning);
  const prepares = !trains && preparation(state, 0, trans) !== undefined;
  const share = (state.goal === 'run' || trains) && !prepares ? progressShare(state) : undefined;
  const left = share === undefined || leaves ? undefined : leftWords(state, now, trans);
  return [
    ...(share !== undefined && share < 1 ? [trans.__('%1 done', sharePercent(share, trans))] : []),
    ...(left === undefined ? [] : [left])
  ];
}

/** Whether a task trains and is to go on. */
function isRunning({ status, moving }: TaskState): boolean {
  return TRAINING.has(status) || (status === 'stopping' && moving === true);
}

/** How many tasks are at what, and what the session waits for. */
export function standingFacts(state: SessionState, trans: ITranslation): string[] {
  const all = state.tasks.length;
  if (all === 0) {
    return [trans.__('no tasks yet'), ...joining(state, trans), ...away(state, trans)];
  }
  const number = (wanted: (status: TaskStatus) => boolean): number =>
    state.tasks.filter(task => wanted(task.status)).length;
  const trained = number(status => status === 'finished');
  const paused = state.tasks.filter(isPaused).length;
  const leaving = state.tasks.filter(
    task => task.status === 'stopping' && !task.moving && !task.givenUp && !isPaused(task)
  ).length;
  const running = state.tasks.filter(isRunning).length;
  const isFailed = (status: TaskStatus): boolean => status === 'failed' || status === 'invalid';
  const failed = state.tasks.filter(({ status, givenUp }) => isFailed(status) && !givenUp).length;
  const givenUp = state.tasks.filter(task => task.givenUp).length;
  const troubles = [
    ...(failed > 0 ? [trans.__('%1 failed', count(failed))] : []),
    ...held(state, trans),
    ...carried(state, trans),
    ...joining(state, trans),
    ...away(state, trans)
  ];
  const preparing = preparation(state, all - trained - failed - givenUp, trans);
  if (preparing !== undefined && running + leaving === 0) {
    return [preparing, ...troubles];
  }
  const goesOn = state.goal === 'run' || running > 0;
  const stopped = state.tasks.filter(({ status, givenUp }) => status === 'stopped' && !givenUp).length;
  const without = leftOut(state);
  const out = without.length;
  const names = new Set(without.map(({ task }) => task));
  const waiting = goesOn
    ? 0
    : state.tasks.filter(task => task.status === 'ready' && !isPaused(task) && !names.has(task.spec.name))
        .length;
  if (running + leaving + trained + stopped + paused + givenUp === 0 && state.goal !== 'run') {
    const ready = all - failed - out;
    const planned = state.plan?.fresh === true && ready > 0;
    const words = planned
      ? trans.__('%1 planned', taskCount(ready, trans))
      : trans.__('%1 ready', taskCount(ready, trans));
    return [
      ...(ready > 0 ? [words] : []),
      ...(out > 0 ? [trans.__('%1 left out', count(out))] : []),
      ...troubles
    ];
  }
  return [
    trans.__('%1/%2 trained', count(trained), count(all)),
    ...(givenUp > 0 ? [trans.__('%1 given up', count(givenUp))] : []),
    ...(running > 0 ? [trans.__('%1 running', count(running))] : []),
    ...(paused > 0 ? [trans.__('%1 paused', count(paused))] : []),
    ...(leaving > 0 ? [trans.__('%1 stopping', count(leaving))] : []),
    ...(preparing !== undefined ? [preparing] : []),
    ...(stopped > 0 ? [trans.__('%1 stopped', count(stopped))] : []),
    ...(waiting > 0 ? [trans.__('%1 ready', count(waiting))] : []),
    ...(out > 0 ? [trans.__('%1 left out', count(out))] : []),
    ...troubles
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
  const busy = busyElsewhere(state).map(({ node, device }) =>
    deviceNames({ node, devices: [device.id] }, state.cluster)
  );
  const paused =
    state.pause?.error.code === DISK_FAILED
      ? trans.__('paused until the disk can be written')
      : trans.__('paused until there is room on the disk');
  return [
    ...(state.pause ? [paused] : []),
    ...(busy.length > 0 && state.goal !== 'none'
      ? [trans.__('waiting for %1, in use elsewhere', listing(busy, trans, NAMED))]
      : [])
  ];
}

/** That nodes of another cluster are being joined, and how many, once they are found. */
function joining({ bridge }: SessionState, trans: ITranslation): string[] {
  if (bridge?.state !== 'starting') {
    return [];
  }
  const found = bridge.nodes.length;
  return [
    found === 0
      ? trans.__('joining the Ray cluster %1', bridge.address)
      : trans._n(
          'joining: Ray starts a worker on %2 node',
          'joining: Ray starts a worker on each of %2 nodes',
          found,
          count(found)
        )
  ];
}

/** That something ends only once what it has saved has come from a node that does not share the session's folder. */
function carried({ bridge, tasks }: SessionState, trans: ITranslation): string[] {
  const apart = new Set(bridge?.nodes.flatMap(({ id, carries }) => (carries ? [id] : [])));
  const nodes = tasks.flatMap(({ status, attempts }) => {
    const node = status === 'stopping' ? attempts.at(-1)?.node : undefined;
    return node !== undefined && apart.has(node) ? [node] : [];
  });
  return nodes.length > 0
    ? [trans.__('waiting for files of %1', listing([...new Set(nodes)], trans, NAMED))]
    : [];
}

function away(state: SessionState, trans: ITranslation): string[] {
  const nodes = missedNodes(state).length;
  return [
    ...(state.agent === 'away' ? [trans.__('agent away')] : []),
    ...(nodes > 0 ? [trans._n('%2 node away', '%2 nodes away', nodes, count(nodes))] : [])
  ];
}
