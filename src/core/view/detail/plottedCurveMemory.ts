import type { Curve, TaskState } from '../../wire/messages.js';
import { type ICurveLook, type IPlottedCurve, plottedCurve } from './plottedCurves.js';

interface IEntry {
  /** All that a plotted curve is made of. */
  readonly from: readonly unknown[];
  readonly plotted: IPlottedCurve;
}

/** Curves as they are drawn, made anew only where something of them is other: a state comes about every second. */
export class PlottedCurveMemory {
  /** The same list as before when none of them is another. */
  plot(
    curves: readonly Curve[],
    tasks: ReadonlyMap<string, TaskState>,
    look: ICurveLook
  ): readonly IPlottedCurve[] {
    const entries = new Map(
      curves.map(curve => [curve.task, this._entry(curve, tasks.get(curve.task), look)])
    );
    const plotted = [...entries.values()].map(entry => entry.plotted);
    const isSame =
      plotted.length === this._plotted.length && plotted.every((one, i) => one === this._plotted[i]);
    this._entries = entries;
    this._plotted = isSame ? this._plotted : plotted;
    return this._plotted;
  }

  private _entry(curve: Curve, task: TaskState | undefined, { axis, smoothing, log }: ICurveLook): IEntry {
    const first = task?.attempts[0];
    const from = [
      ...[curve, axis, smoothing, log],
      ...[task?.inspection?.batchSize, first?.startedAt, first?.requestedAt, task?.givenUp]
    ];
    const known = this._entries.get(curve.task);
    return known?.from.every((one, i) => one === from[i])
      ? known
      : { from, plotted: plottedCurve(curve, task, { axis, smoothing, log }) };
  }

  private _entries: ReadonlyMap<string, IEntry> = new Map();
  private _plotted: readonly IPlottedCurve[] = [];
}
