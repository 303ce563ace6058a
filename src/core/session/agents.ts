import { devicesPerNode } from '../model/strategy.js';
import type {
  AgentHello,
  Attempt,
  Device,
  ExcludedDevice,
  Node,
  TaskState,
  TrialState
} from '../wire/messages.js';
import type { Command } from './command.js';
import { excludedOf } from './excludedDevices.js';
import { loseParts, stopOthers } from './groupParts.js';
import { inspect, inspectAgain } from './inspections.js';
import { stopForgottenGroups, withForgottenGroups } from './lostHistory.js';
import { PART_LOST } from './rankGroups.js';
import {
  type ISession,
  type IStep,
  isActive,
  isStaying,
  lastAttempt,
  mapTasks,
  maxDevices,
  maxDevicesEver,
  openNews,
  restingStatus,
  withStaleProfile,
  withState
} from './session.js';
import { inspecting, limitGroup, stopGroups, stopInspections } from './stopping.js';
import { inNextHands, withoutNext } from './takeovers.js';

const looks = (devices: readonly Device[]): string[] =>
  devices.map(device => `${device.kind} ${device.name} ${device.memoryBytes}`).sort();

/**
 * Note the devices of a node. Measurements on other devices no longer count, and what is
 * feasible depends on how many devices there are and of which kind, so tasks not yet trained are inspected again.
 *
 * @param out - those of its devices that are left out.
 */
export function noteNode(session: ISession, node: Node, out: readonly ExcludedDevice[]): IStep {
  const { cluster, excludedDevices } = session.state;
  const nodes = cluster?.nodes ?? [];
  const old = nodes.find(known => known.id === node.id);
  const before = maxDevicesEver(session);
  const devices = node.devices.filter(({ id }) => !out.some(({ device }) => device.id === id));
  let next = withState(session, {
    cluster: { nodes: [...nodes.filter(known => known.id !== node.id), { ...node, devices }] },
    ...(excludedDevices && {
      excludedDevices: [...excludedDevices.filter(one => one.node !== node.id), ...out]
    })
  });
  if (old && looks(old.devices).join('\n') !== looks(devices).join('\n')) {
    next = withStaleProfile(next);
    const left = (excludedDevices ?? []).filter(one => one.node === node.id).map(({ device }) => device);
    if (kinds([...old.devices, ...left]) !== kinds(node.devices)) {
      next = withState(next, { cells: [] });
    }
  }
  const most = maxDevices(next);
  const fits = (trial: TrialState): boolean =>
    trial.status !== 'queued' || devicesPerNode(trial.strategy) <= most;
  if (!next.state.trials.every(fits)) {
    next = withState(next, { trials: next.state.trials.filter(fits) });
  }
  const isOther = old?.devices.some(({ kind }) => node.devices.every(device => device.kind !== kind));
  if (maxDevicesEver(next) > before || isOther) {
    return inspectAgain(next);
  }
  return { session: next, commands: [] };
}

const kinds = (devices: readonly Device[]): string => [...new Set(looks(devices))].join('\n');

/**
 * An agent is there, perhaps a new one, perhaps after the engine was away. What it does not know
 * of is gone: groups go on from their checkpoints, trials and inspections are asked for again. What it goes on with
 * and is to stop, or that is not wanted any more, it is told to stop once more: it may not have heard.
 */
export function noteAgent(session: ISession, hello: AgentHello, time: number): IStep {
  const node = hello.node.id;
  const groups = new Set(hello.groups.map(group => `${group.task} ${group.attempt}`));
  const isAlive = ({ spec }: TaskState, { number }: Attempt): boolean => groups.has(`${spec.name} ${number}`);
  const alive = new Set(hello.trials);
  const underWay = new Set(hello.inspecting);
  // If the engine was away, nobody is working on the question it had asked.
  const given = session.state.planning ? { question: null, news: openNews(session) } : {};
  let next = withState(
    { ...session, ...given },
    {
      agent: 'connected',
      planning: false,
      probing: false,
      // What is still missing is asked for anew: the task of a trial may have been removed meanwhile.
      trials: session.state.trials.filter(
        trial => trial.status === 'queued' || trial.node !== node || alive.has(trial.id)
      )
    }
  );
  next = mapTasks(next, task => {
    if (task.onDevice?.node === node && !underWay.has(task.spec.name)) {
      return { ...task, onDevice: {} };
    }
    const attempt = lastAttempt(task);
    if (!isActive(task) || attempt?.node !== node || attempt.elsewhere) {
      return task;
    }
    const coming = task.next && isAlive(task, task.next) ? task.next : undefined;
    if (isAlive(task, attempt)) {
      return task.next === coming ? task : withoutNext(task);
    }
    if (coming) {
      return inNextHands(task, coming, time);
    }
    return {
      ...task,
      status: restingStatus(task),
      moving: undefined,
      next: undefined,
      attempts: [...task.attempts.slice(0, -1), { ...attempt, endedAt: time, outcome: 'stopped' }]
    };
  });
  const gone = { code: PART_LOST, message: `What ${node} had of a group over several nodes is gone.` };
  const parted = loseParts(next, node, gone, time, isAlive);
  next = withForgottenGroups(parted.session, hello, time);
  const known = noteNode(next, hello.node, excludedOf(next, hello.node));
  const { tasks, trials } = known.session.state;
  const wanted = new Set(inspecting(known.session, () => true));
  const measuring = new Set(trials.filter(({ status }) => status === 'running').map(({ id }) => id));
  const stops: Command[] = [
    ...parted.commands,
    ...tasks
      .filter(task => task.status === 'stopping')
      // What is about to take over from one that moves stays.
      .map(task => (task.moving ? { ...task, next: undefined } : task))
      .flatMap(task => stopGroups(known.session.state, task)),
    ...tasks.flatMap(({ spec }) => stopOthers(known.session, spec.name)),
    ...stopForgottenGroups(known.session, hello),
    ...tasks.filter(isStaying).flatMap(limitGroup),
    ...hello.trials
      .filter(id => !measuring.has(id))
      .map((trial): Command => ({ kind: 'stop-trial', node, body: { trial } })),
    ...stopInspections(hello.inspecting.filter(name => !wanted.has(name)))
  ];
  const asked = known.commands.some(command => command.kind === 'inspect');
  const again: Command[] = asked ? [] : inspect(known.session, task => !underWay.has(task.spec.name));
  return { session: known.session, commands: [...known.commands, ...again, ...stops] };
}
