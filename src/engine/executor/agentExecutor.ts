import type { ExecutorCommand } from '../../core/session/command.js';
import { SaturnError } from '../../core/wire/failure.js';
import {
  type DeviceRequest,
  type EngineMessages,
  type Failure,
  failureOf,
  type Message
} from '../../core/wire/messages.js';
import type { IIncoming, MessageRouter } from '../router.js';
import { ConnectedAgents } from './connectedAgents.js';
import type { IExecutor } from './executor.js';

/** How often silence is noticed, and what could not be taken in is offered again, in milliseconds. */
const TICK = 1000;

/** Answer to an agent that was away; on the code it says hello again. */
const UNKNOWN_AGENT: Failure = {
  code: 'unknown-agent',
  message: 'This agent has not said hello, or was away.'
};

/** The agents that connect to the engine's socket, one a node. */
export class AgentExecutor implements IExecutor {
  private readonly _agents: ConnectedAgents;
  private readonly _timer: NodeJS.Timeout;
  /** What agents said while it could not be taken in, oldest first. */
  private _backlog: IIncoming<'agent'>[] = [];
  /** Who waits for the answer to `cluster.set`, oldest first. */
  private _choices: { resolve: () => void; reject: (error: SaturnError) => void }[] = [];
  /** Of the session, with the newest report in it. */
  private _rev = 0;
  private _isAwayUntold = false;

  constructor(private readonly _options: AgentExecutor.IOptions) {
    this._agents = new ConnectedAgents(_options.now);
    this._timer = setInterval(() => this._tick(), TICK);
    _options.router.onAgent = incoming => this._receive(incoming);
  }

  execute(command: ExecutorCommand): void {
    const [any] = this._agents.addresses;
    switch (command.kind) {
      case 'inspect':
        this._send(
          command.node === undefined ? any : this._agents.addressOf(command.node),
          'inspect',
          command.body
        );
        break;
      case 'stop-inspection':
        for (const address of this._agents.addresses) {
          this._send(address, 'inspect.stop', command.body);
        }
        break;
      case 'trial':
        this._send(this._agents.addressOf(command.node), 'trial.start', command.body);
        break;
      case 'stop-trial':
        this._send(this._agents.addressOf(command.node), 'trial.stop', command.body);
        break;
      case 'start':
        this._send(this._agents.addressOf(command.node), 'group.start', command.body);
        break;
      case 'stop':
        this._send(this._agents.addressOf(command.node), 'group.stop', command.body);
        break;
      case 'start-bridge':
        this._send(this._agents.addressOf(command.node), 'bridge.start', command.body);
        break;
      case 'stop-bridge':
        this._send(this._agents.addressOf(command.node), 'bridge.stop', {});
        break;
      case 'until':
        this._send(this._agents.addressOf(command.node), 'group.until', command.body);
    }
  }

  async chooseDevices(request: DeviceRequest): Promise<void> {
    const [agent] = this._agents.addresses;
    if (agent === undefined) {
      throw noAgent();
    }
    this._send(agent, 'cluster.set', { request });
    return new Promise((resolve, reject) => this._choices.push({ resolve, reject }));
  }

  shutdown(): void {
    for (const address of this._agents.addresses) {
      this._send(address, 'shutdown', {});
    }
  }

  dispose(): void {
    clearInterval(this._timer);
    this._refuseChoices();
  }

  private _send<T extends keyof EngineMessages>(
    address: string | undefined,
    type: T,
    body: EngineMessages[T]
  ): void {
    if (address !== undefined) {
      this._options.router.send(address, type, body);
    }
  }

  private _receive(incoming: IIncoming<'agent'>): void {
    if (this._backlog.length > 0 && incoming.message.type !== 'agent.hello') {
      this._backlog.push(incoming);
    } else {
      this._handle(incoming);
    }
  }

  private _handle(incoming: IIncoming<'agent'>): void {
    const { from, message } = incoming;
    const { router, take, log } = this._options;
    if (message.type === 'agent.hello') {
      this._agents.hello(from, message.body.node.id);
    } else if (!this._agents.seen(from)) {
      // It was silent for too long, and what it says now may not fit what was decided meanwhile.
      // The agent answers by a hello, and repeats after that what is not acknowledged.
      if (message.type === 'agent.ping') {
        router.send(from, 'error', { error: UNKNOWN_AGENT });
      }
      return;
    }
    if (message.type === 'devices.load') {
      this._options.noteLoad(message.body);
    }
    const refusal = message.type === 'cluster.report' && this._choices.length > 0 && message.body.error;
    const report = reportOf(message, this._options.now());
    try {
      // A refusal is the answer to whoever asked, and no news to others.
      if (report && !refusal) {
        this._rev = take(report);
      }
    } catch (error) {
      // Nothing an agent says may be lost: keep it, in order, until it is taken.
      this._backlog.push(incoming);
      log(`kept back: ${failureOf(error).message}`);
      return;
    }
    router.send(from, 'ok', { rev: this._rev }, message.id);
    if (message.type === 'cluster.report') {
      const choice = this._choices.shift();
      if (refusal) {
        choice?.reject(new SaturnError(refusal));
      } else {
        choice?.resolve();
      }
    }
  }

  private _tick(): void {
    const backlog = this._backlog;
    this._backlog = [];
    for (const incoming of backlog) {
      this._receive(incoming);
    }
    if (this._agents.dropSilent()) {
      this._isAwayUntold = true;
      this._refuseChoices();
    }
    if (this._isAwayUntold) {
      try {
        this._options.take({ kind: 'agent-away' });
        this._isAwayUntold = false;
      } catch (error) {
        this._options.log(failureOf(error).message);
      }
    }
  }

  private _refuseChoices(): void {
    for (const choice of this._choices.splice(0)) {
      choice.reject(noAgent());
    }
  }
}

/** Namespace of {@link AgentExecutor}. */
export namespace AgentExecutor {
  export interface IOptions extends IExecutor.IContext {
    /** The socket on which agents speak. */
    readonly router: MessageRouter;
  }
}

/**
 * What an agent reports; null when that is no event of the session.
 *
 * @param now - seconds since the epoch.
 */
function reportOf(message: Message<'agent'>, now: number): IExecutor.Report | null {
  switch (message.type) {
    case 'agent.ping':
    case 'devices.load':
      return null;
    case 'agent.hello':
      return { kind: 'agent-connected', hello: message.body };
    case 'cluster.report':
    case 'node.trouble':
      return { kind: 'node-changed', ...message.body };
    case 'devices.freed':
      return { kind: 'devices-freed', ...message.body };
    case 'bridge.report':
      return { kind: 'bridge-reported', report: message.body };
    case 'inspect.results':
      return { kind: 'inspected', results: message.body.results };
    case 'trial.result':
      return { kind: 'trial-finished', ...message.body };
    case 'group.event':
      // An agent's clock may be ahead, be it by less than the millisecond that ours is exact to: a task would seem to have
      // left its devices after the next had begun there.
      return { kind: 'group', event: { ...message.body, time: Math.min(message.body.time, now) } };
  }
}

function noAgent(): SaturnError {
  return new SaturnError({
    code: 'no-agent',
    message: 'No agent is connected that could look for devices.',
    hint: 'Try again in a few seconds.'
  });
}
