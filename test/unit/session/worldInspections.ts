import type { Command } from '../../../src/core/session/command.js';
import type { Inspect, InspectResult, SessionEvent } from '../../../src/core/wire/messages.js';

/** For which what is looked for first is taken over from those that are at it, in seconds: as agents do. */
const HANDED_OVER_SECONDS = 5;

/** What the inspections of a world need of it. */
export interface IInspected {
  readonly now: () => number;
  /** How long a task is built, in seconds. */
  readonly seconds: (task: string) => number;
  readonly found: (task: string, part: Inspect['part']) => Pick<InspectResult, 'inspection' | 'error'>;
  readonly at: (time: number, action: () => void) => void;
  readonly say: (node: string, event: SessionEvent) => void;
}

/** What the agents of a world inspect: true to the wire. */
export class WorldInspections {
  /** By node and task, what it is at, and since when. */
  private readonly _looks = new Map<string, { readonly task: string; readonly since: number }>();

  constructor(private readonly _world: IInspected) {}

  /** Tasks are built one after the other; what is looked for first of those that are at it for long already is not. */
  begin({ node, body: { part, tasks } }: Command & { kind: 'inspect' }): void {
    const time = this._world.now();
    let built = time;
    for (const { name, hash } of tasks) {
      const key = `${node} ${name}`;
      const { since = time } = this._looks.get(key) ?? {};
      if (part === 'first' && time - since > HANDED_OVER_SECONDS) {
        continue;
      }
      const look = { task: name, since: time };
      this._looks.set(key, look);
      built += this._world.seconds(name);
      this._world.at(Math.max(built, time + 1), () => {
        if (this._looks.get(key) === look) {
          this._looks.delete(key);
          const found = this._world.found(name, part);
          this._world.say(node, { kind: 'inspected', result: { task: name, hash, kind: 'cpu', ...found } });
        }
      });
    }
  }

  /** Some are given up. */
  stop({ node, body: { tasks } }: Command & { kind: 'stop-inspection' }): void {
    for (const [key, { task }] of this._looks) {
      if (tasks.includes(task) && (node === undefined || key === `${node} ${task}`)) {
        this._looks.delete(key);
      }
    }
  }

  /** All are lost. */
  clear(): void {
    this._looks.clear();
  }
}
