import { AWAY_SECONDS } from '../../core/session/nodes.js';
import type { AgentHello, NodeVersions } from '../../core/wire/messages.js';

/** An agent of which nothing was heard for this long may have been started anew, in seconds; agents ping every 2. */
const LIVING_SECONDS = 5;

/** What a message takes to arrive is no difference of clocks: what is less than this is none, in seconds. */
const SAME_SECONDS = 5;

/** Of so many messages that tell a time the one counts that took least to arrive: any may have waited for others. */
const CLOCK_MESSAGES = 15;

/** An agent that has said hello. */
export interface IConnectedAgent {
  readonly node: string;
  /** Where its messages go. */
  readonly address: string;
  /** See `AgentHello`. */
  readonly far: boolean;
  readonly instance: string | undefined;
  readonly versions: NodeVersions | undefined;
  /** When it was heard last, in seconds since the epoch. */
  readonly seen: number;
  /** Seconds by which our clock is ahead of its; 0 on this machine, and where that is little. */
  readonly ahead: number;
  /** The same as its newest messages say, each with what it took to arrive. */
  readonly offsets: readonly number[];
}

/** The agents that have said hello, one a node, and where they are. */
export class ConnectedAgents {
  private readonly _nodes = new Map<string, IConnectedAgent>();
  /** Nodes by the addresses of their agents: each message asks. */
  private readonly _byAddress = new Map<string, string>();

  constructor(private readonly _now: () => number) {}

  /** Note an agent's hello: it is that of its node from now on. */
  hello(address: string, { node, far = false, instance, versions, time }: AgentHello): void {
    this._byAddress.delete(this.of(node.id)?.address ?? '');
    const [seen, clock] = [this._now(), { ahead: 0, offsets: [] }];
    this._nodes.set(node.id, { node: node.id, address, far, instance, versions, seen, ...clock });
    this._byAddress.set(address, node.id);
    this.tellsTime(address, time);
  }

  /** Note what the clock of an agent of another node says, in seconds since the epoch. */
  tellsTime(address: string, time: number | undefined): void {
    const agent = this.at(address);
    if (agent?.far && time !== undefined) {
      const offset = this._now() - time;
      // Later than that it would have been gone: its clock was set.
      const isSet = offset - Math.min(...agent.offsets) > AWAY_SECONDS;
      const offsets = [...(isSet ? [] : agent.offsets), offset].slice(-CLOCK_MESSAGES);
      const ahead = Math.min(...offsets);
      this._nodes.set(agent.node, { ...agent, offsets, ahead: Math.abs(ahead) < SAME_SECONDS ? 0 : ahead });
    }
  }

  /** The agent of an address. */
  at(address: string): IConnectedAgent | undefined {
    return this._nodes.get(this._byAddress.get(address) ?? '');
  }

  /** Whether another agent than one that says hello may be that of its node. */
  isTaken(address: string, { node, instance }: AgentHello): boolean {
    const known = this._nodes.get(node.id);
    const isOther = known && known.address !== address && known.instance !== instance;
    return isOther === true && this.lives(node.id);
  }

  /** Whether the agent of a node was heard a moment ago. */
  lives(node: string): boolean {
    const { seen = -Infinity } = this._nodes.get(node) ?? {};
    return this._now() - seen < LIVING_SECONDS;
  }

  /** Note that an agent said something, and tell whose it is: undefined when it never said hello to this engine. */
  seen(address: string): string | undefined {
    const agent = this.at(address);
    if (agent) {
      this._nodes.set(agent.node, { ...agent, seen: this._now() });
    }
    return agent?.node;
  }

  /** The agent of a node. */
  of(node: string): IConnectedAgent | undefined {
    return this._nodes.get(node);
  }

  /** All agents, in the order in which they came. */
  get all(): IConnectedAgent[] {
    return [...this._nodes.values()];
  }

  /** Forget the agent of a node. */
  drop(node: string): void {
    this._byAddress.delete(this.of(node)?.address ?? '');
    this._nodes.delete(node);
  }

  /** Forget those that fell silent, and tell which they were. */
  dropSilent(): IConnectedAgent[] {
    const silent = this.all.filter(({ seen }) => this._now() - seen > AWAY_SECONDS);
    for (const { node } of silent) {
      this.drop(node);
    }
    return silent;
  }
}
