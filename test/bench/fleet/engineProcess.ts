import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const BUNDLE = 'python-shim/jupyterlab_saturn/engine/engine.mjs';

/** Fields of a `stat` after the name: processor time, in ticks of 10 ms. */
const USER = 11;
const SYSTEM = 12;
const TICKS_A_SECOND = 100;

/** Processor seconds of an engine so far. */
export interface IEngineSeconds {
  /** Of the thread that decides and answers. */
  readonly main: number;
  /** Of all others: mostly the planner's. */
  readonly others: number;
}

/** A real engine in a folder of its own, without an agent: who is its agent connects to it. */
export class EngineProcess {
  readonly endpoint: string;
  private readonly _child: ChildProcess;
  private _mostBytes = 0;

  constructor(readonly folder: string) {
    this.endpoint = `ipc://${join(folder, 'engine.sock')}`;
    this._child = spawn(
      process.execPath,
      [
        ...process.execArgv, // such as --cpu-prof
        BUNDLE,
        ...['--session', 'fleet', '--folder', folder, '--journal', join(folder, 'journal.jsonl')],
        ...['--endpoint', this.endpoint]
      ],
      {
        stdio: ['pipe', 'ignore', openSync(join(folder, 'engine.log'), 'a')],
        env: { ...process.env, SATURN_CACHE: join(folder, 'cache') }
      }
    );
  }

  /** What it has used of processors, where the system tells (Linux). */
  seconds(): IEngineSeconds {
    const threads = `/proc/${this._child.pid}/task`;
    let [main, others] = [0, 0];
    for (const thread of readdirSync(threads)) {
      const stat = readFileSync(join(threads, thread, 'stat'), 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const used = (Number(fields[USER]) + Number(fields[SYSTEM])) / TICKS_A_SECOND;
      if (thread === String(this._child.pid)) {
        main += used;
      } else {
        others += used;
      }
    }
    return { main, others };
  }

  /** The most memory that it had in use when it was looked at, in bytes. */
  mostBytes(): number {
    const [, kilobytes] =
      /^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${this._child.pid}/status`, 'utf8')) ?? [];
    this._mostBytes = Math.max(this._mostBytes, 1024 * Number(kilobytes));
    return this._mostBytes;
  }

  /** End it, as an agent that leaves does. */
  async close(): Promise<void> {
    if (this._child.exitCode === null) {
      this._child.stdin?.end();
      await once(this._child, 'exit');
    }
  }
}
