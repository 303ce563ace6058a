import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Node } from '../../../src/core/wire/messages.js';
import { VERSION } from '../../../src/engine/version.js';
import { EngineProcess } from './engineProcess.js';
import type { FleetWork } from './fleetWork.js';
import { Follower } from './follower.js';
import type { ISharedFolder } from './simulatedGroup.js';
import { type ITraffic, SimulatedNode } from './simulatedNode.js';

/** How often nodes look at what is due, in milliseconds. */
const TICK = 50;

/** A real engine, and as many simulated nodes as there are to be, in one process. */
export class Fleet {
  readonly engine: EngineProcess;
  readonly client: Follower;
  readonly nodes: SimulatedNode[] = [];
  readonly traffic: ITraffic = { said: 0, heard: 0, gaps: [] };
  private readonly _folder = mkdtempSync(join(tmpdir(), 'fleet-'));
  private readonly _shared: ISharedFolder = { saved: new Map(), over: new Set() };
  private readonly _timer: NodeJS.Timeout;

  /**
   * @param nodes - how many.
   * @param _devices - of each.
   */
  constructor(
    nodes: number,
    private readonly _devices: number,
    readonly work: FleetWork
  ) {
    this.engine = new EngineProcess(this._folder);
    this.client = new Follower(this.engine.endpoint, VERSION);
    for (let n = 0; n < nodes; n++) {
      this.add();
    }
    this._timer = setInterval(() => {
      for (const node of this.nodes) {
        node.advance(Date.now() / 1000);
      }
    }, TICK);
  }

  /** Have another node come. The first is the session's own. */
  add(): void {
    const { nodes, work, engine, traffic } = this;
    const node = nodeOf(nodes.length, this._devices);
    nodes.push(new SimulatedNode(node, engine.endpoint, work, this._shared, traffic, nodes.length > 0));
  }

  /** Wait until all nodes are known, then add all tasks and wait until they are built. */
  async prepare(): Promise<void> {
    const { client, nodes, work } = this;
    await client.until(({ cluster }) => cluster?.nodes.length === nodes.length);
    await client.ask('tasks.add', { tasks: work.tasks });
    await client.until(
      ({ tasks }) => tasks.length === work.tasks.length && tasks.every(({ status }) => status === 'ready')
    );
  }

  /** End all of it. */
  async close(): Promise<void> {
    clearInterval(this._timer);
    this.client.close();
    for (const node of this.nodes) {
      node.vanish();
    }
    await this.engine.close();
    rmSync(this._folder, { recursive: true, force: true });
  }
}

function nodeOf(n: number, devices: number): Node {
  return {
    id: `node${n}`,
    devices: Array.from({ length: devices }, (_, d) => ({
      id: `cuda${d}`,
      kind: 'cuda',
      name: 'virtual GPU',
      model: 'virtual GPU',
      memoryBytes: 40e9
    }))
  };
}
