import { Dealer } from 'zeromq';
import type {
  AgentMessages,
  Envelope,
  GroupStart,
  Inspect,
  Message,
  Node,
  TrialStart
} from '../../../src/core/wire/messages.js';
import type { FleetWork } from './fleetWork.js';
import { attemptKey, type ISharedFolder, SimulatedGroup } from './simulatedGroup.js';

/** Seconds: between pings, and between looks at how busy devices are. */
const PING_SECONDS = 2;

/** Seconds that a trial takes, and that results of inspections are gathered for. */
const TRIAL_SECONDS = 1;
const GATHER_SECONDS = 0.2;

/** So many tasks a node builds meanwhile. */
const BUILT_AT_ONCE = 50;

/** What is counted of what a fleet says and hears. */
export interface ITraffic {
  said: number;
  heard: number;
  /** Seconds from the end of a job to the next start on one of its devices. */
  readonly gaps: number[];
}

/** An agent without processes: it speaks the wire as one does, and does in time what it is told. */
export class SimulatedNode {
  private readonly _socket = new Dealer({ linger: 0 });
  private readonly _groups = new Map<string, SimulatedGroup>();
  private readonly _trials = new Map<string, { start: TrialStart; endsAt: number }>();
  private _inspecting: { body: Inspect; next: number } | null = null;
  private _sending: Promise<void> = Promise.resolve();
  /** When a device became free, by its id. */
  private readonly _freedAt = new Map<string, number>();
  private _pingAt = 0;
  private _gatherAt = 0;
  private _id = 0;
  private _isGone = false;

  constructor(
    readonly node: Node,
    endpoint: string,
    private readonly _work: FleetWork,
    private readonly _folder: ISharedFolder,
    private readonly _traffic: ITraffic,
    readonly isFar: boolean
  ) {
    this._socket.connect(endpoint);
    void this._listen();
    this._hello();
  }

  /** Names of the tasks that it trains. */
  get training(): string[] {
    return [...this._groups.values()].map(({ start }) => start.task.name);
  }

  /** Gone as a machine that lost its power is; what was saved is saved. Whoever carries its messages knows, and says so. */
  async lose(): Promise<void> {
    const error = { code: 'node-lost', message: 'The machine is off.' };
    this._say('agent.gone', { node: this.node.id, error });
    await this._sending;
    this.vanish();
  }

  /** Gone without a word. */
  vanish(): void {
    this._isGone = true;
    for (const { start } of this._groups.values()) {
      this._folder.over.add(attemptKey(start.task.name, start.attempt));
    }
    this._groups.clear();
    this._socket.close();
  }

  /** Do what has become due. */
  advance(now: number): void {
    if (this._isGone) {
      return;
    }
    this._inspect(now);
    for (const [trial, { start, endsAt }] of this._trials) {
      if (now >= endsAt) {
        this._trials.delete(trial);
        this._free(start.devices, now);
        this._say('trial.result', { trial, cell: this._work.cell(start.signature, start.strategy) });
      }
    }
    for (const [key, group] of this._groups) {
      for (const told of group.advance(now)) {
        const { task, attempt, devices } = group.start;
        if (told.kind === 'finished' || told.kind === 'stopped') {
          this._groups.delete(key);
          this._folder.over.add(key);
          this._free(devices, now);
        }
        this._say('group.event', { task: task.name, attempt, time: now, ...told });
      }
    }
    if (now >= this._pingAt) {
      this._pingAt = now + PING_SECONDS;
      this._say('agent.ping', {});
      this._tellLoad(now);
    }
  }

  private _inspect(now: number): void {
    const job = this._inspecting;
    if (job === null || now < this._gatherAt) {
      return;
    }
    this._gatherAt = now + GATHER_SECONDS;
    const { tasks, maxDevices } = job.body;
    const built = tasks.slice(job.next, job.next + BUILT_AT_ONCE);
    job.next += built.length;
    this._inspecting = job.next < tasks.length ? job : null;
    const results = built.map(task => ({
      task: task.name,
      hash: task.hash,
      inspection: this._work.inspection(task, maxDevices)
    }));
    this._say('inspect.results', { results });
  }

  private _tellLoad(now: number): void {
    const busy = new Set([...this._groups.values()].flatMap(({ start }) => start.devices));
    if (busy.size > 0) {
      const devices = this.node.devices.map(({ id, memoryBytes }) => ({
        id,
        load: busy.has(id) ? 0.9 : 0,
        memoryBytes: busy.has(id) ? 1e9 : 0,
        totalBytes: memoryBytes
      }));
      this._say('devices.load', { node: this.node.id, time: now, seconds: PING_SECONDS, devices });
    }
  }

  private _free(devices: readonly string[], now: number): void {
    for (const device of devices) {
      this._freedAt.set(device, now);
    }
  }

  /** Note that a job begins on some devices. */
  private _occupy(devices: readonly string[], now: number): void {
    const freed = devices.flatMap(device => this._freedAt.get(device) ?? []);
    if (freed.length > 0) {
      this._traffic.gaps.push(now - Math.max(...freed));
    }
    for (const device of devices) {
      this._freedAt.delete(device);
    }
  }

  private _hello(): void {
    const groups = [...this._groups.values()].map(({ start }) => ({
      task: start.task.name,
      attempt: start.attempt
    }));
    const inspecting = this._inspecting?.body.tasks.slice(this._inspecting.next).map(({ name }) => name);
    this._say('agent.hello', {
      node: this.node,
      ...(this.isFar && { far: true }),
      instance: this.node.id,
      groups,
      trials: [...this._trials.keys()],
      inspecting: inspecting ?? []
    });
  }

  private _say<T extends keyof AgentMessages>(type: T, body: AgentMessages[T]): void {
    this._id += 1;
    this._traffic.said += 1;
    const envelope: Envelope = { v: 1, id: `a${this._id}`, type, body: body as Envelope['body'] };
    const text = JSON.stringify(envelope);
    this._sending = this._sending.then(async () => {
      if (!this._isGone) {
        await this._socket.send(text);
      }
    });
  }

  private async _listen(): Promise<void> {
    for await (const [frame] of this._socket) {
      this._traffic.heard += 1;
      this._take(JSON.parse(frame!.toString()) as Message<'engine'>, Date.now() / 1000);
    }
  }

  private _take(message: Message<'engine'>, now: number): void {
    switch (message.type) {
      case 'error':
        if (message.body.error.code !== 'unknown-agent') {
          throw new Error(`${this.node.id} is refused: ${message.body.error.message}`);
        }
        this._hello();
        break;
      case 'inspect': {
        const { tasks = [] } = this._inspecting?.body ?? {};
        const left = tasks.slice(this._inspecting?.next ?? 0);
        this._inspecting = { body: { ...message.body, tasks: [...left, ...message.body.tasks] }, next: 0 };
        break;
      }
      case 'trial.start':
        this._occupy(message.body.devices, now);
        this._trials.set(message.body.trial, { start: message.body, endsAt: now + TRIAL_SECONDS });
        break;
      case 'trial.stop':
        if (this._trials.delete(message.body.trial)) {
          this._say('trial.result', { trial: message.body.trial });
        }
        break;
      case 'group.start':
        this._begin(message.body, now);
        break;
      case 'group.stop':
        this._groups.get(attemptKey(message.body.task, message.body.attempt))?.stop();
        break;
      case 'group.until':
        this._groups.get(attemptKey(message.body.task, message.body.attempt))?.leaveAfter(message.body.step);
    }
  }

  private _begin(start: GroupStart, now: number): void {
    this._occupy(start.devices, now);
    const key = attemptKey(start.task.name, start.attempt);
    this._groups.set(key, new SimulatedGroup(start, this._work, this._folder, now));
  }
}
