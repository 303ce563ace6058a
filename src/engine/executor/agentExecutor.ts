import type { ExecutorCommand } from '../../core/session/command.js';
import {
  type Advise,
  type AgentHello,
  type DeviceRequest,
  type EngineMessages,
  type Failure,
  failureOf
} from '../../core/wire/messages.js';
import type { IIncoming, MessageRouter } from '../router.js';
import { noAgent, nodeTaken, UNKNOWN_AGENT } from './agentRefusals.js';
import { isPassing, reportOf } from './agentReports.js';
import { ComingTasks } from './comingTasks.js';
import { ConnectedAgents, type IConnectedAgent } from './connectedAgents.js';
import { DeviceChoices } from './deviceChoices.js';
import type { IExecutor } from './executor.js';
import { type AdvisedPoints, OpenQuestions } from './openQuestions.js';
import { unlikeVersions } from './unlikeVersions.js';
import { WaitingAgents } from './waitingAgents.js';

/** How often silence is noticed, and what could not be taken in is offered again, in milliseconds. */
const TICK = 1000;

/**
 * The agents that connect to the engine's socket, one a node. Which nodes are away it tells by their silence, or by the word of
 * who carries their messages.
 */
export class AgentExecutor implements IExecutor {
  private readonly _agents: ConnectedAgents;
  private readonly _waiting: WaitingAgents;
  private readonly _timer: NodeJS.Timeout;
  /** What agents said while it could not be taken in, oldest first. */
  private _backlog: IIncoming<'agent'>[] = [];
  private readonly _choices = new DeviceChoices();
  private readonly _coming = new ComingTasks((node, body) => this._send(node, 'warm', body));
  /** Questions for points of sweeps. */
  private readonly _questions = new OpenQuestions(question => {
    const own = this._own();
    if (own) {
      this._send(own.node, 'advise', question);
    }
  });
  /** Of the session, with the newest report in it. */
  private _rev = 0;
  /** By node, that it fell silent, as long as that could not be taken in. */
  private readonly _untold = new Map<string, IExecutor.Report>();

  constructor(private readonly _options: AgentExecutor.IOptions) {
    this._agents = new ConnectedAgents(_options.now);
    this._waiting = new WaitingAgents(_options.now);
    this._timer = setInterval(() => this._tick(), TICK);
    _options.router.onAgent = incoming => this._receive(incoming);
  }

  execute(command: ExecutorCommand): void {
    switch (command.kind) {
      case 'inspect':
        this._send(command.node, 'inspect', command.body);
        this._coming.inspected(
          command.body,
          this._nodes(undefined).filter(node => node !== command.node)
        );
        break;
      case 'stop-inspection':
        for (const node of this._nodes(command.node)) {
          this._send(node, 'inspect.stop', command.body);
        }
        break;
      case 'trial':
        this._send(command.node, 'trial.start', command.body);
        break;
      case 'stop-trial':
        this._send(command.node, 'trial.stop', command.body);
        break;
      case 'start':
        this._send(command.node, 'group.start', command.body);
        break;
      case 'stop':
        this._send(command.node, 'group.stop', command.body);
        break;
      case 'start-bridge':
        this._send(command.node, 'bridge.start', command.body);
        break;
      case 'stop-bridge':
        this._send(command.node, 'bridge.stop', {});
        break;
      case 'set-trackers':
        this._send(command.node, 'trackers.set', command.body);
        break;
      case 'give-secrets':
        this._send(command.node, 'trackers.secrets', command.body);
        break;
      case 'reserve-nodes':
        this._send(command.node, 'bridge.reserve', { wanted: command.wanted });
        break;
      case 'until':
        this._send(command.node, 'group.until', command.body);
    }
  }

  async chooseDevices(request: DeviceRequest, node?: string): Promise<void> {
    const nodes = this._nodes(node);
    const missing = nodes.find(one => !this._agents.of(one));
    if (nodes.length === 0 || missing !== undefined) {
      throw noAgent(missing);
    }
    await this._choices.of(nodes, one => this._send(one, 'cluster.set', { request }));
  }

  advise(question: Advise): Promise<AdvisedPoints> {
    return this._questions.ask(question);
  }

  shutdown(): void {
    for (const { node } of this._agents.all) {
      this._send(node, 'shutdown', {});
    }
  }

  dispose(): void {
    clearInterval(this._timer);
    this._choices.refuse();
  }

  /** The node that is meant; all there are when none is named. */
  private _nodes(node: string | undefined): string[] {
    return node === undefined ? this._agents.all.map(agent => agent.node) : [node];
  }

  private _send<T extends keyof EngineMessages>(node: string, type: T, body: EngineMessages[T]): void {
    const agent = this._agents.of(node);
    if (agent) {
      this._options.router.send(agent.address, type, body);
    }
  }

  private _receive(incoming: IIncoming<'agent'>): void {
    if (this._waiting.keep(incoming)) {
      return;
    }
    const { type } = incoming.message;
    // That an agent lives is known at once, and told to it, whatever else has to wait.
    if (this._backlog.length > 0 && type !== 'agent.hello' && type !== 'agent.ping') {
      this._backlog.push(incoming);
    } else {
      this._handle(incoming);
    }
  }

  private _handle(incoming: IIncoming<'agent'>): void {
    const { from, message } = incoming;
    const { router, take, log } = this._options;
    if (message.type === 'agent.hello') {
      if (this._agents.isTaken(from, message.body)) {
        this._waiting.add(incoming, message.body);
        return;
      }
      const failure = this._unlikeVersions(message.body);
      if (failure) {
        router.send(from, 'error', { error: failure }, message.id);
        return;
      }
      this._agents.hello(from, message.body);
    } else if (message.type === 'agent.gone') {
      const { address = from } = this._agents.of(message.body.node) ?? {};
      if (address !== from) {
        // Another agent has taken its place since.
        router.send(from, 'ok', { rev: this._rev }, message.id);
        return;
      }
    } else if (!this._isKnown(from)) {
      // It was silent for too long, and what it says now may not fit what was decided meanwhile.
      // The agent answers by a hello, and repeats after that what is not acknowledged.
      if (message.type === 'agent.ping') {
        router.send(from, 'error', { error: UNKNOWN_AGENT });
      }
      return;
    }
    if (message.type === 'devices.load') {
      this._options.noteLoad(message.body);
    } else if (message.type === 'advice') {
      this._questions.answer(message.body);
    } else if (message.type === 'tracker.report') {
      this._options.noteTracker(message.body);
    }
    const choice =
      message.type === 'cluster.report' && this._choices.awaits(message.body.node.id)
        ? message.body
        : undefined;
    const refusal = choice?.error;
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
    if (!isPassing(message)) {
      router.send(from, 'ok', { rev: this._rev }, message.id);
    }
    if (message.type === 'agent.hello') {
      this._untold.delete(message.body.node.id);
      if (message.body.far) {
        this._coming.joined(message.body.node.id);
      } else {
        this._questions.askAgain();
      }
    } else if (message.type === 'agent.gone') {
      this._drop(message.body.node);
    } else if (message.type === 'bridge.report' && message.body.state === 'ended') {
      // With the bridge all are gone that spoke by it, without a word: devices are to be asked of those that are left.
      for (const { node } of this._agents.all.filter(({ far }) => far)) {
        this._drop(node);
      }
    }
    if (choice) {
      this._choices.answer(choice.node.id, refusal);
    }
  }

  /** Whether who speaks has said hello. It lives then, and others that call their node the same are none of ours. */
  private _isKnown(address: string): boolean {
    const node = this._agents.seen(address);
    const others = node === undefined ? [] : this._waiting.refused(node);
    for (const { from, message } of others) {
      this._options.router.send(from, 'error', { error: nodeTaken(node ?? '') }, message.id);
    }
    return node !== undefined;
  }

  /** Why an agent cannot be worked with: it has other software than that of the engine's own node. */
  private _unlikeVersions({ far, node, versions }: AgentHello): Failure | undefined {
    return far ? unlikeVersions(node.id, versions, this._own()?.versions) : undefined;
  }

  /** The agent of the engine's own node. */
  private _own(): IConnectedAgent | undefined {
    return this._agents.all.find(agent => !agent.far);
  }

  private _tick(): void {
    for (const incoming of this._waiting.admitted(node => !this._agents.lives(node))) {
      this._receive(incoming);
    }
    const backlog = this._backlog;
    this._backlog = [];
    for (const incoming of backlog) {
      this._receive(incoming);
    }
    for (const { node, far } of this._agents.dropSilent()) {
      // What an agent far from here does ends when it hears nothing; that of the engine's own node goes on with it.
      this._untold.set(node, { kind: far ? 'node-away' : 'agent-away', node });
      this._choices.refuse(node);
    }
    for (const [node, report] of this._untold) {
      try {
        this._options.take(report);
        this._untold.delete(node);
      } catch (error) {
        this._options.log(failureOf(error).message);
      }
    }
  }

  private _drop(node: string): void {
    this._agents.drop(node);
    this._choices.refuse(node);
  }
}

/** Namespace of {@link AgentExecutor}. */
export namespace AgentExecutor {
  export interface IOptions extends IExecutor.IContext {
    /** The socket on which agents speak. */
    readonly router: MessageRouter;
  }
}
