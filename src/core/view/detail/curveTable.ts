import type { ITranslation } from '../../model/translation.js';
import { NOTHING } from '../format/format.js';
import type { ITable } from '../format/table.js';
import { axisLabel, axisPlace, metricLabel, metricValue, switchWords } from './curveText.js';
import { type CurveAxis, type IPlottedCurve, linesExtent, valueAt } from './plottedCurves.js';

/** How many places there are in a table whose reader named none. */
const PLACES = 6;

/** Places that share the extent of some lines evenly, its ends included; whole numbers but for times. */
export function evenPlaces(lines: readonly IPlottedCurve[], axis: CurveAxis): number[] {
  const extent = linesExtent(lines);
  if (extent === null) {
    return [];
  }
  const { from, to } = extent;
  const places = Array.from({ length: PLACES }, (_, i) => from + ((to - from) * i) / (PLACES - 1));
  return [...new Set(axis === 'time' ? places : places.map(Math.round))];
}

/** Numbers that a reader has written, separated by spaces or commas; what is none is left out. */
export function writtenPlaces(text: string): number[] {
  const numbers = text
    .split(/[\s,;]+/)
    .filter(part => part !== '')
    .map(Number)
    .filter(number => Number.isFinite(number) && number >= 0);
  return [...new Set(numbers)].sort((a, b) => a - b);
}

/** Curves as numbers: a row for each task, a column for each place. */
export function curveTable(
  lines: readonly IPlottedCurve[],
  places: readonly number[],
  about: { readonly metric: string; readonly axis: CurveAxis },
  trans: ITranslation
): ITable {
  const { metric, axis } = about;
  const givenUp = lines.some(({ ending }) => ending !== undefined);
  const switched = lines.some(({ switches }) => switches.length > 0);
  return {
    caption: trans.__('%1 (%2)', metricLabel(metric, trans), axisLabel(axis, trans)),
    columns: [
      { label: trans.__('Task') },
      ...places.map(place => ({ label: axisPlace(axis, place, trans), align: 'right' as const })),
      ...(givenUp ? [{ label: trans.__('Given up'), align: 'right' as const }] : []),
      ...(switched ? [{ label: trans.__('Switches') }] : [])
    ],
    rows: lines.map(line => [
      line.task,
      ...places.map(place => metricValue(metric, valueAt(line, place), trans)),
      ...(givenUp ? [line.ending ? axisPlace(axis, line.ending.x, trans) : NOTHING] : []),
      ...(switched ? [line.switches.map(one => switchWords(one, trans)).join('; ')] : [])
    ])
  };
}
