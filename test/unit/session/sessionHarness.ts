import { begunBetween } from '../../../src/core/session/begun.js';
import type { Command } from '../../../src/core/session/command.js';
import type { Told } from '../../../src/core/session/replay.js';
import { emptySession, type ISession } from '../../../src/core/session/session.js';
import { step } from '../../../src/core/session/step.js';
import type {
  AgentHello,
  GroupEvent,
  GroupStart,
  Inspect,
  Inspection,
  InspectResult,
  Node,
  Plan,
  PlanRequest,
  ProfileCell,
  Segment,
  SessionEvent,
  Strategy,
  TaskSpec
} from '../../../src/core/wire/messages.js';

/** A node with some virtual CPU devices. */
export function cpuNode(devices: number, id = 'node'): Node {
  return {
    id,
    devices: Array.from({ length: devices }, (_, i) => ({
      id: `cpu${i}`,
      kind: 'cpu' as const,
      name: 'CPU core',
      memoryBytes: 1e9,
      cores: [i]
    }))
  };
}

/** A task spec; the hash stands for its code. */
export function spec(name: string, hash = 'h', origin?: string): TaskSpec {
  return {
    name,
    sweep: 'fn',
    params: {},
    seed: 0,
    payload: '0123456789abcdef.pkl',
    hash,
    ...(origin === undefined ? {} : { origin })
  };
}

/** An inspection which finds every technique feasible. */
export function inspection(signature: string, steps = 10, strategies = STRATEGIES): Inspection {
  return {
    signature,
    steps,
    stepsPerEpoch: steps,
    samples: 100,
    batchSize: 10,
    parameters: 1000,
    feasibility: strategies.map(strategy => ({ strategy, feasible: true })),
    warnings: []
  };
}

export const STRATEGIES: Strategy[] = [
  { technique: 'single', devices: 1 },
  { technique: 'ddp', devices: 2 }
];

/** What an agent finds that looks for no more than it is asked for. */
function foundOf({ part }: Inspect, signature: string): Pick<InspectResult, 'kind' | 'inspection'> {
  if (part === 'first') {
    return { inspection: { ...inspection(signature, 10, STRATEGIES.slice(0, 1)), partial: true } };
  }
  return { ...(part && { kind: 'cpu' }), inspection: inspection(signature) };
}

/** One task after the other on the first devices: the simplest valid plan. */
export function serialPlan(request: PlanRequest): Plan {
  const segments: Segment[] = [];
  const unplanned: Plan['unplanned'] = [];
  let clock = 0;
  const excluded = new Set(request.excludeTechniques);
  for (const task of [...request.tasks].sort((a, b) => Number(!a.running) - Number(!b.running))) {
    const option = task.running
      ? task.options.find(o => o.strategy.technique === task.running!.strategy.technique)
      : task.options.find(o => !excluded.has(o.strategy.technique));
    const node = request.cluster.nodes.find(n => n.devices.length >= (option?.strategy.devices ?? Infinity));
    if (!option || !node) {
      unplanned.push({ task: task.name, reason: task.reason ?? 'nothing fits' });
      continue;
    }
    const duration = (task.running ? 0 : option.startSeconds) + task.steps * option.stepSeconds;
    const start = task.running ? 0 : clock;
    segments.push({
      task: task.name,
      strategy: option.strategy,
      node: task.running?.node ?? node.id,
      devices: task.running?.devices ?? node.devices.slice(0, option.strategy.devices).map(d => d.id),
      start,
      end: start + duration,
      steps: task.steps
    });
    clock = Math.max(clock, start + duration);
  }
  const base = { unplanned, optimal: false, method: 'construction' as const, baselines: [] };
  return { ...base, segments, makespan: clock, lowerBound: 0, gap: 0, binding: 'none' };
}

export function cellOf(signature: string, strategy: Strategy): ProfileCell {
  const stepSeconds = 1 / strategy.devices;
  return { signature, strategy, status: 'ok', source: 'measured', stepSeconds, startSeconds: 1 };
}

/** A session with its event log and the commands not yet acted on; time is whatever the test says. */
export class SessionHarness {
  session: ISession = emptySession('test', '/tmp/test');
  readonly log: (Told & Required<Pick<Told, 'begun'>>)[] = [];
  pending: Command[] = [];
  time = 1000;

  /** Feed one event, as the engine journals it. Returns the commands it caused. */
  feed(event: SessionEvent, seconds = 1): readonly Command[] {
    this.time += seconds;
    const { session, commands } = step(this.session, event, this.time);
    this.log.push({ event, time: this.time, begun: begunBetween(this.session, session) });
    this.session = session;
    this.pending.push(...commands);
    return commands;
  }

  /** An agent with a node of `devices` says hello. */
  connect(devices = 2, groups: AgentHello['groups'] = [], trials: string[] = []): readonly Command[] {
    return this.feed({
      kind: 'agent-connected',
      hello: { node: cpuNode(devices), groups, trials, inspecting: [] }
    });
  }

  /** The agent of a node beside the session's own says hello. */
  join(id: string, devices = 1, hello: Partial<AgentHello> = {}): readonly Command[] {
    return this.feed({
      kind: 'agent-connected',
      hello: { node: cpuNode(devices, id), far: true, groups: [], trials: [], inspecting: [], ...hello }
    });
  }

  /** Take the pending commands of one kind. */
  take<K extends Command['kind']>(kind: K): (Command & { kind: K })[] {
    const taken = this.pending.filter((c): c is Command & { kind: K } => c.kind === kind);
    this.pending = this.pending.filter(c => c.kind !== kind);
    return taken;
  }

  /** Act on one command as a faultless agent and planner would. */
  perform(command: Command, signatureOf: (name: string) => string = name => `sig-${name}`): void {
    switch (command.kind) {
      case 'inspect':
        for (const { name: task, hash } of command.body.tasks) {
          const found = foundOf(command.body, signatureOf(task));
          this.feed({ kind: 'inspected', result: { task, hash, ...found } });
        }
        break;
      case 'trial': {
        const { trial, signature, strategy } = command.body;
        this.feed({
          kind: 'trial-finished',
          trial,
          cell: cellOf(signature, strategy)
        });
        break;
      }
      case 'stop-trial':
        this.feed({ kind: 'trial-finished', trial: command.body.trial });
        break;
      case 'start':
        this.finish(command.body);
        break;
      case 'stop':
        this.group(command.body.task, command.body.attempt, 'stopped', { step: 3 });
        break;
      case 'plan':
        this.feed({ kind: 'plan-made', plan: serialPlan(command.request), basis: command.planRevision });
        break;
      case 'note':
        this.feed(command.event);
        break;
      case 'stop-bridge':
        this.feed({ kind: 'bridge-reported', report: { state: 'ended' } });
        break;
      case 'start-bridge':
      case 'stop-inspection':
      case 'cancel-plan':
      case 'archive':
        break;
    }
  }

  /** Report an event of a rank group. */
  group(
    task: string,
    attempt: number,
    kind: GroupEvent['kind'],
    more: Omit<Partial<GroupEvent>, 'task' | 'attempt' | 'kind' | 'time'> = {}
  ): readonly Command[] {
    return this.feed({ kind: 'group', event: { task, attempt, kind, time: this.time, ...more } });
  }

  /** Train a started group to its end; one that explores tells what it finds. */
  finish(start: GroupStart): void {
    this.group(start.task.name, start.attempt, 'started', { step: 0 });
    if (start.explores) {
      this.measure(start);
    }
    this.group(start.task.name, start.attempt, 'finished', { step: start.steps, loss: 0.1 });
  }

  /** Perform commands until none is left. */
  settle(signatureOf?: (name: string) => string): void {
    for (let guard = 0; this.pending.length > 0; guard++) {
      if (guard > 10_000) {
        throw new Error('The session never comes to rest.');
      }
      this.perform(this.pending.shift()!, signatureOf);
    }
  }

  /** A group tells what it has found out of its strategy. */
  measure({ task, attempt, signature = '', strategy }: GroupStart): void {
    this.group(task.name, attempt, 'measured', { cell: cellOf(signature, strategy) });
  }

  status(task: string): string | undefined {
    return this.session.state.tasks.find(t => t.spec.name === task)?.status;
  }
}
