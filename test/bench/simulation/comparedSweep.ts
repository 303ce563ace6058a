import { mulberry32, type Random } from '../../../src/core/planner/common/random.js';
import { arrival, type IStopRule, type Verdict } from '../../../src/core/session/stopRules/stopRule.js';
import type { StopRule } from '../../../src/core/wire/messages.js';

/** Steps of each task. */
export const STEPS = 81;

/** Standard deviation of what an evaluation tells. */
const NOISE = 0.02;

/** A sweep over made-up curves of training, each task on a device of its own. */
export interface IComparedSweep {
  readonly points: number;
  readonly devices: number;
  readonly seed: number;
  /** How many steps it takes to begin a task, and to have one go on that was paused. */
  readonly startSteps?: number;
  /** How unlike the speeds of the tasks are: standard deviation of their logarithms. */
  readonly spread?: number;
}

/** What came of it. */
export interface ISearchOutcome {
  /** Steps of a task of usual speed until all devices are idle. */
  readonly makespan: number;
  /** Steps that all tasks have made. */
  readonly steps: number;
  /** How much worse the model that is chosen is in truth than the best. */
  readonly regret: number;
  /** How many were trained to the end. */
  readonly trained: number;
}

interface ITask {
  readonly index: number;
  readonly curve: (step: number) => number;
  readonly stepLength: number;
  /** Rungs that it has passed. */
  rung: number;
  step: number;
  best: number;
  state: 'waits' | 'trains' | 'paused' | 'over';
}

/** Tasks begin in turn as devices are free, those that have gone on before first; what ends is judged in the order of time. */
export function searched(
  rule: IStopRule | undefined,
  numbers: StopRule,
  sweep: IComparedSweep
): ISearchOutcome {
  return new Search(rule, numbers, sweep).run();
}

class Search {
  private readonly _random: Random;
  private readonly _tasks: readonly ITask[];
  private readonly _rungs: readonly number[];
  private readonly _scores: ReadonlyMap<ITask, number>[];
  private readonly _ends: { task: ITask; value: number }[] = [];
  private readonly _events: { time: number; task: ITask }[] = [];
  private _free: number;

  constructor(
    private readonly _rule: IStopRule | undefined,
    private readonly _numbers: StopRule,
    private readonly _sweep: IComparedSweep
  ) {
    const random = mulberry32(_sweep.seed);
    this._random = random;
    this._tasks = Array.from({ length: _sweep.points }, (_, index) => ({
      ...{ index, curve: curveOf(random), stepLength: Math.exp((_sweep.spread ?? 0) * normal(random)) },
      ...{ rung: 0, step: 0, best: -Infinity, state: 'waits' as const }
    }));
    this._rungs = _rule ? rungsOf(_rule, _numbers) : [];
    this._scores = this._rungs.map(() => new Map());
    this._free = _sweep.devices;
  }

  run(): ISearchOutcome {
    let time = 0;
    let steps = 0;
    this._begin(time);
    while (this._events.length > 0) {
      this._events.sort((a, b) => b.time - a.time);
      const { time: now, task } = this._events.pop()!;
      time = now;
      const to = this._next(task);
      steps += to - task.step;
      task.step = to;
      const value = task.curve(to) + NOISE * normal(this._random);
      if (task.rung === this._rungs.length) {
        this._ends.push({ task, value });
        task.state = 'over';
      } else {
        this._arrive(task, -value);
      }
      if (task.state === 'trains') {
        this._train(task, time, 0);
      } else {
        this._free += 1;
      }
      this._settle();
      this._begin(time);
    }
    const winner = this._ends.reduce((a, b) => (b.value < a.value ? b : a)).task;
    const truths = this._tasks.map(({ curve }) => curve(STEPS));
    const regret = truths[winner.index]! - Math.min(...truths);
    return { makespan: time, steps, trained: this._ends.length, regret };
  }

  private _next({ rung }: ITask): number {
    return this._rungs[rung] ?? STEPS;
  }

  private _train(task: ITask, time: number, startSteps: number): void {
    const length = startSteps + task.stepLength * (this._next(task) - task.step);
    task.state = 'trains';
    this._events.push({ time: time + length, task });
  }

  private _begin(time: number): void {
    const waiting = this._tasks.filter(({ state }) => state === 'waits').sort((a, b) => b.rung - a.rung);
    for (const task of waiting.slice(0, this._free)) {
      this._free -= 1;
      this._train(task, time, this._sweep.startSteps ?? 0);
    }
  }

  private _arrive(task: ITask, score: number): void {
    const { rung } = task;
    const there = this._scores[rung]!;
    task.best = Math.max(task.best, score);
    const verdict = this._verdict(task, score);
    this._scores[rung] = new Map([...there, [task, score]]);
    task.state = verdict === 'goes on' ? 'trains' : verdict === 'waits' ? 'paused' : 'over';
    task.rung += Number(verdict === 'goes on');
  }

  /** Judge those that are paused, from the first rung on. */
  private _settle(): void {
    for (const [rung, scores] of this._scores.entries()) {
      const order = [...scores].sort(([, a], [, b]) => b - a);
      for (const [index, [task, score]] of order.entries()) {
        const verdict =
          task.rung === rung && task.state === 'paused' ? this._verdict(task, score, index + 1) : 'waits';
        if (verdict === 'goes on') {
          task.rung += 1;
          task.state = 'waits';
        } else if (verdict === 'over') {
          task.state = 'over';
        }
      }
    }
  }

  private _verdict(task: ITask, score: number, place?: number): Verdict {
    const there = this._scores[task.rung]!;
    const toCome = this._tasks.filter(
      other => other !== task && other.state !== 'over' && other.rung <= task.rung && !there.has(other)
    );
    const others = [...there].filter(([other]) => other !== task).map(([, other]) => other);
    const pays = toCome.some(({ state }) => state === 'waits');
    return this._rule!.judge(
      arrival(score, others, {
        ...{ pays, best: task.best, rung: task.rung, coming: toCome.length },
        ...(place !== undefined && { place })
      }),
      this._numbers
    );
  }
}

function rungsOf(rule: IStopRule, numbers: StopRule): number[] {
  const first = Math.ceil(STEPS * rule.firstShare - 1e-9);
  const found: number[] = [];
  for (let step = first; step < STEPS; step = Math.round(rule.next(step, first, numbers))) {
    found.push(step);
  }
  return found;
}

/** The loss of a task after a step: by a power of the step from where all begin to where it ends. */
function curveOf(random: Random): (step: number) => number {
  const end = 0.2 + random();
  const power = 0.4 + random();
  return step => end + (2.5 - end) * (1 + step) ** -power;
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
