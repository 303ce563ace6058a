import type { SessionState, TaskState } from '../../wire/messages.js';
import { sweepStandings } from '../results/sweepStanding.js';
import type { CurveAxis } from './plottedCurves.js';

/** More lines would hide the curves. */
const MOST = 12;

/** Where along an axis the rules of sweeps have compared some tasks, in order; nowhere along that of time, nor of very many. */
export function curveRungs(state: SessionState, tasks: readonly TaskState[], axis: CurveAxis): number[] {
  const ruled = new Set(
    sweepStandings(state).flatMap(({ sweep: { spec } }) => (spec.stop ? [spec.name] : []))
  );
  const places = tasks
    .filter(({ spec }) => axis !== 'time' && ruled.has(spec.sweep))
    .flatMap(({ rungs = [], inspection }) => {
      const each = axis === 'sample' ? (inspection?.batchSize ?? Number.NaN) : 1;
      return rungs.map(({ step }) => step * each);
    });
  const found = [...new Set(places.filter(Number.isFinite))].sort((a, b) => a - b);
  return found.length > MOST ? [] : found;
}
