/** An agent that was silent for this long is away, in seconds; agents ping every 2. */
const AGENT_TIMEOUT = 15;

/** The agents that have said hello: which connection leads to which node. */
export class ConnectedAgents {
  private readonly _nodes = new Map<string, { address: string; seen: number }>();

  constructor(private readonly _now: () => number) {}

  /** Note an agent's hello. */
  hello(address: string, node: string): void {
    this._nodes.set(node, { address, seen: this._now() });
  }

  /** Note that an agent said something. False when it never said hello to this engine. */
  seen(address: string): boolean {
    for (const agent of this._nodes.values()) {
      if (agent.address === address) {
        agent.seen = this._now();
        return true;
      }
    }
    return false;
  }

  /** Where the agent of a node is. */
  addressOf(node: string): string | undefined {
    return this._nodes.get(node)?.address;
  }

  /** Addresses of all agents. */
  get addresses(): string[] {
    return [...this._nodes.values()].map(agent => agent.address);
  }

  /** Forget agents that fell silent. True when that left none. */
  dropSilent(): boolean {
    const before = this._nodes.size;
    for (const [node, agent] of this._nodes) {
      if (this._now() - agent.seen > AGENT_TIMEOUT) {
        this._nodes.delete(node);
      }
    }
    return before > 0 && this._nodes.size === 0;
  }
}
