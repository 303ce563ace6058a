import { SaturnError } from '../../core/wire/failure.js';
import type { Failure } from '../../core/wire/messages.js';
import { noAgent } from './agentRefusals.js';

/** Who waits for nodes to say whether they take other devices. */
export class DeviceChoices {
  /** By node, oldest first. */
  private _open: IChoice[] = [];

  /** @throws SaturnError of the first that refuses, once all have answered: each node answers for itself. */
  async of(nodes: readonly string[], ask: (node: string) => void): Promise<void> {
    const answers = nodes.map(node => {
      ask(node);
      return new Promise<void>((resolve, reject) => this._open.push({ node, resolve, reject }));
    });
    const refused = (await Promise.allSettled(answers)).find(answer => answer.status === 'rejected');
    if (refused) {
      throw refused.reason;
    }
  }

  /** Whether somebody waits for the answer of a node. */
  awaits(node: string): boolean {
    return this._open.some(choice => choice.node === node);
  }

  /** A node has answered whoever waits longest. */
  answer(node: string, refusal: Failure | undefined): void {
    const place = this._open.findIndex(choice => choice.node === node);
    const [choice] = place < 0 ? [] : this._open.splice(place, 1);
    if (refusal) {
      choice?.reject(new SaturnError(refusal));
    } else {
      choice?.resolve();
    }
  }

  /** Nobody is there who could answer: a node, or any. */
  refuse(node?: string): void {
    const refused = this._open.filter(choice => node === undefined || choice.node === node);
    this._open = this._open.filter(choice => !refused.includes(choice));
    for (const choice of refused) {
      choice.reject(noAgent(node));
    }
  }
}

interface IChoice {
  readonly node: string;
  readonly resolve: () => void;
  readonly reject: (error: SaturnError) => void;
}
