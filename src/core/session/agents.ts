import { deviceModels } from '../model/deviceModels.js';
import type { AgentHello, Attempt, Device, ExcludedDevice, Node, TaskState } from '../wire/messages.js';
import type { Command } from './command.js';
import { maxDevicesEver } from './deviceCounts.js';
import { excludedOf } from './excludedDevices.js';
import { withFittingTrials } from './fittingTrials.js';
import { loseParts, stopOthers } from './groupParts.js';
import { handOver, inspect, inspectAgain, inspectFor } from './inspections.js';
import { inspectors } from './inspectors.js';
import { lacksVerdict } from './kindVerdicts.js';
import { stopForgottenGroups, withForgottenGroups } from './lostHistory.js';
import { noteNodeAway, revived } from './lostNodes.js';
import { awaitsNodes, isInCluster, withConnected } from './nodes.js';
import {
  followsGiven,
  type ISession,
  type IStep,
  isActive,
  isStaying,
  lastAttempt,
  mapTasks,
  openNews,
  restingStatus,
  withStalePlan,
  withStaleProfile,
  withState
} from './session.js';
import { limitGroup, nodesOf, stopGroups, stopInspections } from './stopping.js';
import { inNextHands, withoutNext } from './takeovers.js';
import { placeless } from './taskTable.js';

const looks = (devices: readonly Device[]): string[] =>
  devices.map(device => `${device.kind} ${device.name} ${device.memoryBytes}`).sort();

/**
 * Note the devices of a node. Measurements hold for devices of their model, wherever they are; and what is
 * feasible depends on how many devices there are and of which kind, so tasks not yet trained are inspected again.
 *
 * @param out - those of its devices that are left out.
 */
export function noteNode(session: ISession, node: Node, out: readonly ExcludedDevice[]): IStep {
  const { cluster, excludedDevices } = session.state;
  const nodes = cluster?.nodes ?? [];
  const old = nodes.find(known => known.id === node.id);
  const chosen = inspectors(session.state);
  const before = maxDevicesEver(session);
  const devices = node.devices.filter(({ id }) => !out.some(({ device }) => device.id === id));
  let next = withState(withNamedCells(session), {
    cluster: {
      nodes: old
        ? nodes.map(known => (known === old ? { ...node, devices } : known))
        : [...nodes, { ...node, devices }]
    },
    ...(excludedDevices && {
      excludedDevices: [...excludedDevices.filter(one => one.node !== node.id), ...out]
    })
  });
  if (!old && nodes.length > 0) {
    next = withStaleProfile(next);
  }
  if (old && looks(old.devices).join('\n') !== looks(devices).join('\n')) {
    next = withStaleProfile(next);
    const left = (excludedDevices ?? []).filter(one => one.node === node.id).map(({ device }) => device);
    if (kinds([...old.devices, ...left]) !== kinds(node.devices)) {
      next = withState(next, { cells: next.state.cells.filter(({ model }) => model !== undefined) });
    }
  }
  next = withFittingTrials(next);
  const isOther = old?.devices.some(({ kind }) => node.devices.every(device => device.kind !== kind));
  if (isOther || before.size === 0) {
    return inspectAgain(next);
  }
  const commands = handOver(next, chosen);
  for (const [kind, count] of maxDevicesEver(next)) {
    const most = before.get(kind);
    if (most === undefined || count > most) {
      return most === undefined ? inspectFor(next, kind) : inspectAgain(next, kind);
    }
  }
  return { session: next, commands };
}

const kinds = (devices: readonly Device[]): string => [...new Set(looks(devices))].join('\n');

/**
 * The session whose measurements say on which devices they were made. Older ones do not: they hold for the devices that were
 * there then, where these were alike.
 */
function withNamedCells(session: ISession): ISession {
  const { cells, cluster = { nodes: [] } } = session.state;
  const [model, ...others] = deviceModels(cluster);
  if (model === undefined || cells.every(cell => cell.model !== undefined)) {
    return session;
  }
  const named = cells.flatMap(cell =>
    cell.model !== undefined ? [cell] : others.length === 0 ? [{ ...cell, model }] : []
  );
  return withState(session, { cells: named });
}

/**
 * An agent is there, perhaps a new one, perhaps after the engine was away. What it does not know
 * of is gone: groups go on from their checkpoints, trials and inspections are asked for again. What it goes on with
 * and is to stop, or that is not wanted any more, it is told to stop once more: it may not have heard. What other nodes do is
 * no matter of this one, but that a session has one node of its own: its agent before has ended.
 */
export function noteAgent(session: ISession, hello: AgentHello, time: number): IStep {
  const former = (session.state.nodes ?? []).filter(
    ({ id, isOwn, state }) =>
      !hello.far && isOwn && state === 'away' && id !== hello.node.id && isInCluster(session.state, id)
  );
  return former.reduce(
    (step, { id }) => {
      const left = noteNodeAway(step.session, { kind: 'node-away', node: id }, time);
      return { session: left.session, commands: [...step.commands, ...left.commands] };
    },
    noteHello(session, hello, time)
  );
}

function noteHello(session: ISession, hello: AgentHello, time: number): IStep {
  const node = hello.node.id;
  const groups = new Set(hello.groups.map(group => `${group.task} ${group.attempt}`));
  const isAlive = ({ spec }: TaskState, { number }: Attempt): boolean => groups.has(`${spec.name} ${number}`);
  const alive = new Set(hello.trials);
  const underWay = new Set(hello.inspecting);
  // If the engine was away, nobody is working on the question it had asked.
  const isOver = !hello.far || awaitsNodes(session.state);
  const given = isOver && session.state.planning ? { question: null, news: openNews(session) } : {};
  let next = withState(
    { ...withConnected(session, hello, time), ...given },
    {
      ...(isOver && { planning: false, probing: false }),
      // What is still missing is asked for anew: the task of a trial may have been removed meanwhile.
      trials: session.state.trials.filter(
        trial => trial.status === 'queued' || trial.node !== node || alive.has(trial.id)
      )
    }
  );
  // What left without being told to has to be begun again, and what was measured asked for.
  let isCut = next.state.trials.length < session.state.trials.length;
  next = mapTasks(next, task => {
    if (task.onDevice?.node === node && !underWay.has(task.spec.name)) {
      return { ...task, onDevice: placeless(task.onDevice) };
    }
    const attempt = lastAttempt(task);
    if (!isActive(task) || attempt?.node !== node) {
      return revived(task, hello, next.state.goal === 'run') ?? task;
    }
    if (attempt.elsewhere) {
      return task;
    }
    const coming = task.next && isAlive(task, task.next) ? task.next : undefined;
    if (isAlive(task, attempt)) {
      return task.next === coming ? task : withoutNext(task);
    }
    if (coming) {
      return inNextHands(task, coming, time);
    }
    isCut ||= task.status !== 'stopping';
    return {
      ...task,
      status: restingStatus(task),
      moving: undefined,
      next: undefined,
      attempts: [...task.attempts.slice(0, -1), { ...attempt, endedAt: time, outcome: 'stopped' }]
    };
  });
  const parted = loseParts(isCut && !followsGiven(next) ? withStalePlan(next) : next, node, time, isAlive);
  next = withForgottenGroups(parted.session, hello, time);
  const known = noteNode(next, hello.node, excludedOf(next, hello.node));
  const { tasks, trials } = known.session.state;
  const chosen = inspectors(known.session.state);
  const wanted = new Set(
    tasks
      .filter(
        task => task.status === 'inspecting' || [...chosen.keys()].some(kind => lacksVerdict(task, kind))
      )
      .map(({ spec }) => spec.name)
  );
  const measuring = new Set(trials.filter(({ status }) => status === 'running').map(({ id }) => id));
  const here = tasks.filter(task => {
    const attempt = lastAttempt(task);
    return attempt !== undefined && nodesOf(attempt).includes(node);
  });
  const stops: Command[] = [
    ...parted.commands,
    ...here
      .filter(task => task.status === 'stopping')
      // What is about to take over from one that moves stays.
      .map(task => (task.moving ? { ...task, next: undefined } : task))
      .flatMap(task => stopGroups(known.session.state, task)),
    ...here.flatMap(({ spec }) => stopOthers(known.session, spec.name)),
    ...stopForgottenGroups(known.session, hello),
    ...here.filter(isStaying).flatMap(limitGroup),
    ...hello.trials
      .filter(id => !measuring.has(id))
      .map((trial): Command => ({ kind: 'stop-trial', node, body: { trial } })),
    ...stopInspections(
      hello.inspecting.filter(name => !wanted.has(name)),
      node
    )
  ];
  const asked = known.commands.some(command => command.kind === 'inspect');
  const again: Command[] = asked
    ? []
    : inspect(known.session, (task, kind) => chosen.get(kind) === node && !underWay.has(task.spec.name));
  return { session: known.session, commands: [...known.commands, ...again, ...stops] };
}
