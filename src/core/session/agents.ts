import type { AgentHello, Device, Node } from '../wire/messages.js';
import type { Command } from './command.js';
import {
  type ISession,
  type IStep,
  isActive,
  lastAttempt,
  mapTasks,
  maxDevices,
  withStaleProfile,
  withState
} from './session.js';
import { inspecting, stopGroup, stopInspections } from './stopping.js';
import { inspect, inspectAgain } from './tasks.js';

const look = (devices: readonly Device[]): string =>
  devices.map(device => `${device.kind} ${device.name} ${device.memoryBytes}`).join('\n');

/**
 * Note the devices of a node. Measurements on other devices no longer count, and what is
 * feasible depends on how many devices there are, so tasks not yet trained are inspected again.
 */
export function noteNode(session: ISession, node: Node): IStep {
  const nodes = session.state.cluster?.nodes ?? [];
  const old = nodes.find(known => known.id === node.id);
  const before = maxDevices(session);
  const cluster = { nodes: [...nodes.filter(known => known.id !== node.id), node] };
  let next = withState(session, { cluster });
  const kinds = (devices: readonly Device[]): string => [...new Set(devices.map(d => look([d])))].join('\n');
  if (old && look(old.devices) !== look(node.devices)) {
    next = withStaleProfile(next);
    if (kinds(old.devices) !== kinds(node.devices)) {
      next = withState(next, { cells: [] });
    }
  }
  if (maxDevices(next) > before) {
    return inspectAgain(next);
  }
  return { session: next, commands: [] };
}

/**
 * An agent is there, perhaps a new one, perhaps after the engine was away. What it does not know
 * of is gone: groups go on from their checkpoints, trials and inspections are asked for again. What it goes on with
 * and is to stop, or that is not wanted any more, it is told to stop once more: it may not have heard.
 */
export function noteAgent(session: ISession, hello: AgentHello, time: number): IStep {
  const node = hello.node.id;
  const groups = new Set(hello.groups.map(group => `${group.task} ${group.attempt}`));
  const alive = new Set(hello.trials);
  const underWay = new Set(hello.inspecting);
  let next = withState(session, {
    agent: 'connected',
    // If the engine was away, nobody is working on the question it had asked.
    planning: false,
    probing: false,
    // What is still missing is asked for anew: the task of a trial may have been removed meanwhile.
    trials: session.state.trials.filter(
      trial => trial.status === 'queued' || trial.node !== node || alive.has(trial.id)
    )
  });
  next = mapTasks(next, task => {
    const attempt = lastAttempt(task);
    if (!isActive(task) || attempt?.node !== node || groups.has(`${task.spec.name} ${attempt.number}`)) {
      return task;
    }
    return {
      ...task,
      status: task.status === 'stopping' ? 'stopped' : 'ready',
      attempts: [...task.attempts.slice(0, -1), { ...attempt, endedAt: time, outcome: 'stopped' }]
    };
  });
  const known = noteNode(next, hello.node);
  const { tasks, trials } = known.session.state;
  const wanted = new Set(inspecting(known.session, () => true));
  const measuring = new Set(trials.filter(({ status }) => status === 'running').map(({ id }) => id));
  const stops: Command[] = [
    ...tasks.filter(task => task.status === 'stopping').flatMap(task => stopGroup(known.session.state, task)),
    ...hello.trials
      .filter(id => !measuring.has(id))
      .map((trial): Command => ({ kind: 'stop-trial', node, body: { trial } })),
    ...stopInspections(hello.inspecting.filter(name => !wanted.has(name)))
  ];
  const asked = known.commands.some(command => command.kind === 'inspect');
  const again: Command[] = asked ? [] : inspect(known.session, task => !underWay.has(task.spec.name));
  return { session: known.session, commands: [...known.commands, ...again, ...stops] };
}
