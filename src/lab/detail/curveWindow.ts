import type { IStretch } from '../../core/view/detail/plottedCurves.js';
import type { ClientMessages, Curve, TaskState } from '../../core/wire/messages.js';

/** A curve may grow to so many times the points asked for before it is asked for anew. */
const GROWTH = 2;

/** One metric of tasks within some steps, as far as it is known. */
export class CurveWindow {
  /**
   * @param steps - null: all.
   * @param points - of a curve, at most.
   */
  constructor(
    readonly metric: string,
    readonly steps: IStretch | null,
    readonly points: number
  ) {}

  /** What is known, by the names of tasks. */
  get curves(): ReadonlyMap<string, Curve> {
    return this._curves;
  }

  /** Whether there is, or may be, more of a task's curve than is known. */
  isMissing(task: TaskState): boolean {
    const { name } = task.spec;
    const curve = this._curves.get(name);
    const asked = this._asked.get(name);
    if (curve === undefined) {
      return asked !== task;
    }
    const isWhole =
      this.steps !== null &&
      curve.last >= this.steps.to &&
      task.progress.step >= curve.last &&
      // Another attempt may have trained some of its steps again.
      asked?.attempts.length === task.attempts.length;
    return (curve.unread !== undefined || asked !== task) && !isWhole;
  }

  /**
   * What to ask, so that nothing is missing.
   *
   * @param atOnce - about so many tasks.
   */
  questions(tasks: readonly TaskState[], atOnce: number): CurveWindow.IQuestion[] {
    const from = (task: TaskState): number => this._nextStep(task);
    const sorted = [...tasks].sort((a, b) => from(a) - from(b));
    const groups: TaskState[][] = [];
    for (const task of sorted) {
      const group = groups.at(-1);
      const first = group?.[0];
      // What one of them has already is told again of it: not much, and never to one that has nothing.
      if (
        group === undefined ||
        first === undefined ||
        group.length >= atOnce ||
        from(task) - from(first) > (from(first) === 0 ? 0 : this.points)
      ) {
        groups.push([task]);
      } else {
        group.push(task);
      }
    }
    return groups.map(group => {
      const start = Math.max(from(group[0] as TaskState), this.steps?.from ?? 0);
      return {
        tasks: group,
        body: {
          tasks: group.map(({ spec }) => spec.name),
          metric: this.metric,
          points: this.points,
          ...(start > 0 && { from: start }),
          ...(this.steps && { to: Math.max(start, this.steps.to) })
        }
      };
    });
  }

  /** Take in an answer. */
  take({ tasks, body }: CurveWindow.IQuestion, answer: readonly Curve[]): void {
    for (const task of tasks) {
      this._asked.set(task.spec.name, task);
      this._hashes.set(task.spec.name, task.spec.hash);
    }
    for (const curve of answer) {
      const known = this._curves.get(curve.task);
      if (known === undefined || (body.from ?? 0) <= (this.steps?.from ?? 0)) {
        this._curves.set(curve.task, curve);
        this._stale.delete(curve.task);
      } else if (curve.edition !== known.edition) {
        this._forget(curve.task);
      } else {
        const longer = continued(known, curve);
        if (longer.steps.length > GROWTH * this.points) {
          this._forget(curve.task);
        } else {
          this._curves.set(curve.task, longer);
        }
      }
    }
  }

  /** Know nothing any more of tasks but these. */
  keep(tasks: ReadonlySet<string>): void {
    for (const known of [this._curves, this._asked, this._hashes, this._stale]) {
      for (const name of known.keys()) {
        if (!tasks.has(name)) {
          known.delete(name);
        }
      }
    }
  }

  /** The first step of a task that is not known. */
  private _nextStep({ spec: { name, hash } }: TaskState): number {
    const curve = this._hashes.get(name) === hash ? this._curves.get(name) : undefined;
    return curve === undefined || this._stale.has(name) ? 0 : curve.last + 1;
  }

  /** Ask for all of a task next time; what is there is looked at until then. */
  private _forget(name: string): void {
    this._stale.add(name);
    this._asked.delete(name);
  }

  private readonly _curves = new Map<string, Curve>();
  private readonly _asked = new Map<string, TaskState>();
  private readonly _hashes = new Map<string, string>();
  private readonly _stale = new Set<string>();
}

export namespace CurveWindow {
  /** A question and whom it is about. */
  export interface IQuestion {
    readonly tasks: readonly TaskState[];
    readonly body: ClientMessages['curves.read'];
  }
}

/** A curve with what has come since. */
function continued(known: Curve, next: Curve): Curve {
  const last = known.steps.at(-1) ?? -1;
  const start = next.steps.findIndex(step => step > last);
  const { metrics, segments, last: end, unread } = next;
  const rest = { metrics, segments, last: end, ...(unread !== undefined && { unread }) };
  const { unread: _, ...before } = known;
  if (start < 0) {
    return { ...before, ...rest };
  }
  const joined = <T>(a: readonly T[], b: readonly T[]): T[] => [...a, ...b.slice(start)];
  const isThinned = known.low !== undefined || next.low !== undefined;
  return {
    ...before,
    ...rest,
    steps: joined(known.steps, next.steps),
    values: joined(known.values, next.values),
    times: joined(known.times, next.times),
    ...(isThinned && {
      low: joined(known.low ?? known.values, next.low ?? next.values),
      high: joined(known.high ?? known.values, next.high ?? next.values)
    })
  };
}
