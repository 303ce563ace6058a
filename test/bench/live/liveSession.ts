import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Failure, ProfileCell, SessionState } from '../../../src/core/wire/messages.js';
import { ProfileCache, profileCacheFolder } from '../../../src/engine/profileCache.js';

/** The technique of the bench's own. */
const TECHNIQUE = 'sleeping';

/** What the host says: how a session stands, and how an order came out. */
type Line = { state: SessionState } | { answer: unknown } | { error: Failure };

/** How a task is to take its time: seconds of a step by variant and number of devices, and how many steps. */
export interface IPace {
  speeds: Record<string, Record<string, number>>;
  steps: number;
  /** Where a rule compares tasks: the step from which it is no good. */
  end?: number;
}

interface IPending {
  resolve: (answer: unknown) => void;
  reject: (error: Error) => void;
}

/** A session of real processes, in folders of its own: nothing of the user's is read or written. */
export class LiveSession {
  private readonly _pending: IPending[] = [];
  private readonly _listeners = new Set<(state: SessionState) => void>();
  private _errors = '';
  private _state: SessionState | undefined;

  private constructor(
    /** The folder of all that it leaves; its processes know it from their environment. */
    readonly folder: string,
    private readonly _env: NodeJS.ProcessEnv,
    private readonly _host: ChildProcessWithoutNullStreams
  ) {
    createInterface({ input: _host.stdout }).on('line', line => this._read(JSON.parse(line) as Line));
    _host.stderr.on('data', (text: Buffer) => {
      this._errors = (this._errors + text.toString()).slice(-4000);
    });
    _host.on('exit', () => {
      for (const { reject } of this._pending.splice(0)) {
        reject(new Error(`The session's host has ended.\n${this._errors}`));
      }
    });
  }

  /** Start a session with so many virtual devices. */
  static async open(devices: number): Promise<LiveSession> {
    // Short: paths of sockets hold about 100 bytes.
    const folder = mkdtempSync(join(tmpdir(), 'live-'));
    mkdirSync(join(folder, 'run'), { mode: 0o700 });
    const env = {
      ...process.env,
      PYTHONPATH: resolve('python-shim'),
      SATURN_CACHE: join(folder, 'cache'),
      XDG_RUNTIME_DIR: join(folder, 'run'),
      XDG_STATE_HOME: join(folder, 'state'),
      SATURN_IDLE_SECONDS: '600'
    };
    const script = join('test', 'bench', 'live', 'host.py');
    const host = spawn(join('.venv', 'bin', 'python'), [script, folder, String(devices)], { env });
    const session = new LiveSession(folder, env, host);
    await session._answer();
    await session.look();
    return session;
  }

  /** The newest state. */
  get state(): SessionState {
    return this._state!;
  }

  /**
   * Add tasks, by name.
   *
   * @param rule - by which they are given up early, as users write it.
   */
  async add(tasks: ReadonlyMap<string, IPace>, rule?: string): Promise<void> {
    const entries = [...tasks];
    const speeds = Object.fromEntries(entries.map(([name, pace]) => [name, pace.speeds]));
    const steps = Object.fromEntries(entries.map(([name, pace]) => [name, pace.steps]));
    const ends = Object.fromEntries(
      entries.flatMap(([name, { end }]) => (end === undefined ? [] : [[name, end]]))
    );
    const order = { speeds, steps, ends, rule: rule ?? null };
    this._take((await this._order('add', order)) as SessionState);
  }

  /** Send the engine a message of a client; the state is then what became of it. */
  async send(type: string, body: object): Promise<void> {
    await this._order('send', { type, body });
    await this.look();
  }

  /** Ask for the state: steps of running tasks are told only then. */
  async look(): Promise<SessionState> {
    this._take((await this._order('state', {})) as SessionState);
    return this.state;
  }

  /** All techniques but the one that sleeps. */
  otherTechniques(): string[] {
    const verdicts = this.state.tasks.flatMap(({ inspection }) => inspection?.feasibility ?? []);
    const names = new Set(verdicts.map(({ strategy }) => strategy.technique));
    return [...names].filter(name => name !== TECHNIQUE);
  }

  /** Have the engine remember measurements as if an earlier session had made them. */
  remember(cells: readonly ProfileCell[]): void {
    const cache = new ProfileCache(profileCacheFolder(this._env));
    const [node] = this.state.cluster?.nodes ?? [];
    for (const cell of cells) {
      cache.keep(this.state, node!, cell, Date.now() / 1000);
    }
    if (cache.trouble) {
      throw new Error(cache.trouble.message);
    }
  }

  /** Wait for a state. */
  until(isReached: (state: SessionState) => boolean): Promise<SessionState> {
    return new Promise((resolve, reject) => {
      const look = (state: SessionState): void => {
        if (isReached(state)) {
          this._listeners.delete(look);
          resolve(state);
        }
      };
      this._listeners.add(look);
      this._host.once('exit', () => reject(new Error(`The session's host has ended.\n${this._errors}`)));
      look(this.state);
    });
  }

  /** Hear of every state; returns what ends that. */
  listen(listener: (state: SessionState) => void): () => void {
    this._listeners.add(listener);
    return () => this._listeners.delete(listener);
  }

  /** End all processes, and remove the folder. */
  async close(): Promise<void> {
    const ended = this._host.exitCode === null ? once(this._host, 'exit') : undefined;
    this._host.stdin.end();
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }

  private _order(name: string, given: object): Promise<unknown> {
    this._host.stdin.write(`${JSON.stringify([name, given])}\n`);
    return this._answer();
  }

  private _answer(): Promise<unknown> {
    return new Promise((resolve, reject) => this._pending.push({ resolve, reject }));
  }

  private _read(line: Line): void {
    if ('state' in line) {
      this._take(line.state);
    } else if ('error' in line) {
      this._pending.shift()?.reject(new Error(line.error.message));
    } else {
      this._pending.shift()?.resolve(line.answer);
    }
  }

  private _take(state: SessionState): void {
    if (this._state === undefined || state.rev >= this._state.rev) {
      this._state = state;
    }
    for (const listener of [...this._listeners]) {
      listener(this._state);
    }
  }
}
