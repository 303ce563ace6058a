import type { AgentHello } from '../../core/wire/messages.js';
import type { IIncoming } from '../router.js';

/** What the agent before says this soon after may have been on its way, in seconds. */
const DELAY_SECONDS = 1;

/** An agent whose node has an agent already. */
interface IWaiting {
  readonly node: string;
  /** Since when, in seconds since the epoch. */
  readonly since: number;
  /** What it said, its hello first. */
  readonly said: IIncoming<'agent'>[];
}

/**
 * Agents that say hello for nodes of which another agent said it before: was that one started anew, or are there two? They wait
 * until the one before speaks, or was silent for long enough.
 */
export class WaitingAgents {
  private readonly _waiting = new Map<string, IWaiting>();

  constructor(private readonly _now: () => number) {}

  /** Have an agent wait that has said hello. */
  add(hello: IIncoming<'agent'>, { node }: AgentHello): void {
    this._waiting.set(hello.from, { node: node.id, since: this._now(), said: [hello] });
  }

  /** Keep what an agent says that waits. False when it does not. */
  keep(incoming: IIncoming<'agent'>): boolean {
    const waiting = this._waiting.get(incoming.from);
    if (waiting && incoming.message.type !== 'agent.ping') {
      waiting.said.push(incoming);
    }
    return waiting !== undefined;
  }

  /** The hellos of those that wait for nothing any more, as the agent of their node has spoken. */
  refused(node: string): IIncoming<'agent'>[] {
    return this._take(one => one.node === node && this._now() - one.since >= DELAY_SECONDS).map(
      ([hello]) => hello!
    );
  }

  /** What those have said whose nodes are theirs. */
  admitted(isFree: (node: string) => boolean): IIncoming<'agent'>[] {
    return this._take(({ node }) => isFree(node)).flat();
  }

  private _take(which: (waiting: IWaiting) => boolean): IIncoming<'agent'>[][] {
    const taken = [...this._waiting].filter(([, waiting]) => which(waiting));
    for (const [address] of taken) {
      this._waiting.delete(address);
    }
    return taken.map(([, { said }]) => said);
  }
}
