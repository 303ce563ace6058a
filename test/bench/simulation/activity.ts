import type { PlanOption } from '../../../src/core/wire/generated/types.js';
import type { Item } from './eventQueue.js';
import type { Run } from './history.js';

/** Share of a step by which rounding may make it look unfinished. */
const ROUNDING = 1e-9;

/** A task on devices: it starts, trains, and perhaps writes a checkpoint before it leaves. */
export class Activity {
  /** When its devices are free again, unless something happens before. */
  end = 0;
  private trainsFrom: number;
  private stopSeconds = 0;
  private outcome: Run['outcome'] = 'done';
  /** Steps of the task done when it is over. */
  private goal = 0;

  /**
   * @param first - steps of the task done before.
   * @param stepSeconds - true seconds per step.
   */
  constructor(
    public item: Item,
    private readonly option: PlanOption,
    private readonly start: number,
    private readonly first: number,
    private readonly stepSeconds: number
  ) {
    this.trainsFrom = start + option.startSeconds;
  }

  /** Whether its training here is over and it only writes its checkpoint. */
  isWriting(now: number): boolean {
    return this.outcome === 'switched' && now >= this.end - this.stopSeconds;
  }

  /** Train until so many steps are done, then end or, when the task goes on elsewhere, write a checkpoint. */
  aim(goal: number, outcome: 'done' | 'stopped' | 'switched'): void {
    this.goal = goal;
    this.outcome = outcome;
    this.stopSeconds = outcome === 'switched' ? (this.option.stopSeconds ?? 0) : 0;
    this.end = this.trainsFrom + (goal - this.first) * this.stepSeconds + this.stopSeconds;
  }

  /** Leave now: the step under way is lost, and who has not trained has nothing to write. */
  leave(now: number): void {
    this.goal = this.stepsAt(now);
    this.outcome = 'switched';
    this.stopSeconds = this.goal > this.first ? (this.option.stopSeconds ?? 0) : 0;
    this.trainsFrom = Math.min(this.trainsFrom, now);
    this.end = now + this.stopSeconds;
  }

  /** Lose a device now; the task goes back to its last checkpoint. */
  lose(now: number, checkpointSteps: number): void {
    const own = this.stepsAt(now) - this.first;
    this.goal = this.first + (Number.isFinite(checkpointSteps) ? own - (own % checkpointSteps) : 0);
    this.outcome = 'lost';
    this.stopSeconds = 0;
    this.trainsFrom = Math.min(this.trainsFrom, now);
    this.end = now;
  }

  /** Whole steps of the task done by a time. */
  stepsAt(now: number): number {
    const training = now - this.trainsFrom;
    if (training <= 0) {
      return this.first;
    }
    return Math.min(
      this.goal,
      this.stepSeconds > 0 ? this.first + Math.floor(training / this.stepSeconds + ROUNDING) : this.goal
    );
  }

  /** Whether it has shown how fast it is. */
  hasTrained(now: number): boolean {
    return this.stepsAt(now) > this.first;
  }

  /** What it has done, when it is over. */
  run(): Run {
    const { task, strategy, node, devices } = this.item.segment;
    return {
      task,
      strategy,
      node,
      devices,
      start: this.start,
      end: this.end,
      steps: this.goal - this.first,
      overheadSeconds: this.trainsFrom - this.start + this.stopSeconds,
      outcome: this.outcome
    };
  }
}
