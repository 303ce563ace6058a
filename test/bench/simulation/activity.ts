import type { IStretch } from '../../../src/core/session/stretches.js';
import type { PlanOption } from '../../../src/core/wire/messages.js';
import type { IRun } from './history.js';

/** Share of a step by which rounding may make it look unfinished. */
const ROUNDING = 1e-9;

/** A task on devices: it starts, trains, and perhaps writes a checkpoint before it leaves. */
export class Activity {
  /** When its devices are free again, unless something happens before. */
  end = 0;
  private _trainsFrom: number;
  private _stopSeconds = 0;
  private _outcome: IRun['outcome'] = 'done';
  /** Steps of the task done when it is over. */
  private _goal = 0;

  /**
   * @_first _first - steps of the task done before.
   * @_stepSeconds _stepSeconds - true seconds per step.
   */
  constructor(
    public item: IStretch,
    private readonly _option: PlanOption,
    private readonly _start: number,
    private readonly _first: number,
    private readonly _stepSeconds: number
  ) {
    this._trainsFrom = _start + _option.startSeconds;
  }

  /** Whether its training here is over and it only writes its checkpoint. */
  isWriting(now: number): boolean {
    return this._outcome === 'switched' && now >= this.end - this._stopSeconds;
  }

  /** Train until so many steps are done, then end or, when the task goes on elsewhere, write a checkpoint. */
  aim(goal: number, outcome: 'done' | 'stopped' | 'switched'): void {
    this._goal = goal;
    this._outcome = outcome;
    this._stopSeconds = outcome === 'switched' ? (this._option.stopSeconds ?? 0) : 0;
    this.end = this._trainsFrom + (goal - this._first) * this._stepSeconds + this._stopSeconds;
  }

  /** Leave now: the step under way is lost, and who has not trained has nothing to write. */
  leave(now: number): void {
    this._goal = this.stepsAt(now);
    this._outcome = 'switched';
    this._stopSeconds = this._goal > this._first ? (this._option.stopSeconds ?? 0) : 0;
    this._trainsFrom = Math.min(this._trainsFrom, now);
    this.end = now + this._stopSeconds;
  }

  /** Lose a device now; the task goes back to its last checkpoint. */
  lose(now: number, checkpointSteps: number): void {
    const own = this.stepsAt(now) - this._first;
    this._goal = this._first + (Number.isFinite(checkpointSteps) ? own - (own % checkpointSteps) : 0);
    this._outcome = 'lost';
    this._stopSeconds = 0;
    this._trainsFrom = Math.min(this._trainsFrom, now);
    this.end = now;
  }

  /** Whole steps of the task done by a time. */
  stepsAt(now: number): number {
    const training = now - this._trainsFrom;
    if (training <= 0) {
      return this._first;
    }
    return Math.min(
      this._goal,
      this._stepSeconds > 0 ? this._first + Math.floor(training / this._stepSeconds + ROUNDING) : this._goal
    );
  }

  /** Whether it has shown how fast it is. */
  hasTrained(now: number): boolean {
    return this.stepsAt(now) > this._first;
  }

  /** What it has done, when it is over. */
  run(): IRun {
    const { task, strategy, node, devices } = this.item.segment;
    return {
      task,
      strategy,
      node,
      devices,
      start: this._start,
      end: this.end,
      steps: this._goal - this._first,
      overheadSeconds: this._trainsFrom - this._start + this._stopSeconds,
      outcome: this._outcome
    };
  }
}
