import { readdirSync, readFileSync } from 'node:fs';

/** Between two looks at who uses the processors, in milliseconds. */
const INTERVAL = 500;

/** Fields of a process's `stat` after its name: processor time of its own, in ticks. */
const USER = 11;
const SYSTEM = 12;

/** Fields of a processor's line in `stat`: what is idle, and what waits for disks. */
const IDLE = 3;
const WAITING = 4;

/**
 * How much of the processors others use: all that is not idle, less what the processes of a session and this one do. Only where
 * the system tells (Linux).
 */
export class MachineLoad {
  private readonly _isOwn = new Map<string, boolean>();
  private readonly _ticks = new Map<string, number>();
  private readonly _before = processors();
  private _own = 0;
  private readonly _timer: NodeJS.Timeout | undefined;

  /** @param _folder - what the environment of the session's processes names. */
  constructor(private readonly _folder: string) {
    if (this._before) {
      this._look();
      this._own = 0;
      this._timer = setInterval(() => this._look(), INTERVAL);
    }
  }

  /** The share of all processors that others used until now; undefined where the system does not tell. */
  end(): number | undefined {
    const after = processors();
    if (!this._before || !after) {
      return undefined;
    }
    clearInterval(this._timer);
    this._look();
    const all = after.all - this._before.all;
    const busy = after.busy - this._before.busy;
    return all > 0 ? Math.max(0, busy - this._own) / all : 0;
  }

  private _look(): void {
    for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
      try {
        let own = this._isOwn.get(pid);
        if (own === undefined) {
          own = pid === String(process.pid) || read(`/proc/${pid}/environ`).includes(this._folder);
          this._isOwn.set(pid, own);
        }
        if (own) {
          const stat = read(`/proc/${pid}/stat`);
          const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
          const ticks = Number(fields[USER]) + Number(fields[SYSTEM]);
          this._own += ticks - (this._ticks.get(pid) ?? 0);
          this._ticks.set(pid, ticks);
        }
      } catch {
        // It has ended, or is none of ours.
        this._isOwn.set(pid, false);
      }
    }
  }
}

function processors(): { all: number; busy: number } | undefined {
  try {
    const line = read('/proc/stat').split('\n', 1)[0]!;
    const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number);
    const all = ticks.reduce((sum, value) => sum + value, 0);
    return { all, busy: all - ticks[IDLE]! - ticks[WAITING]! };
  } catch {
    return undefined;
  }
}

const read = (path: string): string => readFileSync(path, 'utf8');
