import type { ISweepStanding } from '../../core/view/results/sweepStanding.js';
import { sweepBarWords } from '../../core/view/results/sweepText.js';
import { useViewContext } from '../context/viewContext.js';

/** The points of a sweep as one bar: trained, training, given up, failed; what is left is empty. */
export function SweepBar({ standing }: { standing: ISweepStanding }) {
  const { trans } = useViewContext();
  const { sweep, trained, training, givenUp, failed } = standing;
  const all = Math.max(1, sweep.spec.points ?? sweep.made);
  const parts = [
    ['trained', trained],
    ['training', training],
    ['given-up', givenUp],
    ['failed', failed]
  ] as const;
  const words = sweepBarWords(standing, trans);
  return (
    <div className="jp-SaturnSweepBar" role="img" aria-label={words} title={words}>
      {parts.map(
        ([look, number]) =>
          number > 0 && (
            <span key={look} className={`jp-mod-${look}`} style={{ width: `${(100 * number) / all}%` }} />
          )
      )}
    </div>
  );
}
