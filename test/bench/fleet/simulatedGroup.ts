import type { GroupEvent, GroupStart } from '../../../src/core/wire/messages.js';
import { FleetWork } from './fleetWork.js';

/** How often the first rank of a group tells how far it is, in seconds: by the share of what it has trained, within limits. */
const TELL = { least: 0.2, most: 1, share: 0.02 };

/** After so many seconds of steps a group knows how fast it is. */
const MEASURED_SECONDS = 1;

/** What all nodes see: committed checkpoints, by task, and which attempts are over. */
export interface ISharedFolder {
  readonly saved: Map<string, number>;
  readonly over: Set<string>;
}

/** The name of an attempt in {@link ISharedFolder.over}. */
export const attemptKey = (task: string, attempt: number): string => `${task} ${attempt}`;

type Told = Omit<GroupEvent, 'task' | 'attempt' | 'time'>;

/** A rank group that trains nothing, and says of it what a real one would. */
export class SimulatedGroup {
  private _from = 0;
  /** When the first step began; null before. Times are seconds since the epoch. */
  private _begunAt: number | null = null;
  private _readyAt: number;
  private _toldAt = 0;
  private _savedAt = 0;
  private _isReadyTold = false;
  private _isMeasured = false;
  private _isStopping = false;
  private _until: number | undefined;

  constructor(
    readonly start: GroupStart,
    private readonly _work: FleetWork,
    private readonly _folder: ISharedFolder,
    now: number
  ) {
    this._readyAt = now + FleetWork.START_SECONDS;
    this._until = start.until;
  }

  /** Save at the next step, and leave. */
  stop(): void {
    this._isStopping = true;
  }

  /** Leave after another step. */
  leaveAfter(step: number): void {
    this._until = step;
  }

  /** What has happened until now; the last of it may be its end. */
  advance(now: number): Told[] {
    const { task, after, checkpointSeconds, explores, steps } = this.start;
    if (now < this._readyAt) {
      return [];
    }
    if (this._begunAt === null) {
      if (after !== undefined && !this._folder.over.has(attemptKey(task.name, after))) {
        const ready: Told[] = this._isReadyTold ? [] : [{ kind: 'ready' }];
        this._isReadyTold = true;
        return this._isStopping ? [...ready, { kind: 'stopped', step: this._saved() }] : ready;
      }
      this._from = this._saved();
      if (this._isStopping || this._from >= steps) {
        return [{ kind: 'stopped', step: this._from }];
      }
      this._begunAt = now;
      this._toldAt = now;
      this._savedAt = now;
      return [{ kind: 'started', step: this._from }];
    }
    const last = Math.min(steps, this._until ?? steps);
    const step = Math.min(last, this._from + Math.floor((now - this._begunAt) / this._stepSeconds));
    if (step >= last || this._isStopping) {
      this._folder.saved.set(task.name, step);
      const end: Told =
        step >= steps
          ? { kind: 'finished', step, loss: 0.1, result: { loss: 0.1, metrics: { accuracy: 0.9 } } }
          : { kind: 'stopped', step };
      return [this._measured(), end];
    }
    const told: Told[] = [];
    if (!this._isMeasured && (explores || now - this._begunAt > MEASURED_SECONDS)) {
      this._isMeasured = true;
      told.push(this._measured());
    }
    if (now - this._savedAt > checkpointSeconds) {
      this._savedAt = now;
      this._folder.saved.set(task.name, step);
      told.push({ kind: 'checkpoint', step });
    }
    if (now - this._toldAt >= Math.max(TELL.least, Math.min(TELL.most, TELL.share * (now - this._begunAt)))) {
      this._toldAt = now;
      told.push({ kind: 'step', step, loss: 1 / (1 + step), stepSeconds: this._stepSeconds });
    }
    return told;
  }

  private get _stepSeconds(): number {
    return this._work.stepSeconds(this.start.strategy);
  }

  private _saved(): number {
    return this._folder.saved.get(this.start.task.name) ?? 0;
  }

  private _measured(): Told {
    const { signature = '', strategy } = this.start;
    return { kind: 'measured', cell: this._work.cell(signature, strategy) };
  }
}
