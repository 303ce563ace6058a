import type { TranslationBundle } from '@jupyterlab/translation';
import { printable } from '../../core/view/format/escape.js';
import { count } from '../../core/view/format/format.js';
import { type ISweepStanding, sweepStandings } from '../../core/view/results/sweepStanding.js';
import { comparedWords, sweepLine } from '../../core/view/results/sweepText.js';
import { SweepBar } from '../components/sweepBar.js';
import { useViewContext } from '../context/viewContext.js';
import type { IPanelSections } from '../session/tokens.js';

/** The sweeps whose points are searched, or given up early. */
export function sweepSection(trans: TranslationBundle): IPanelSections.Section {
  return {
    id: 'sweep',
    rank: 420,
    ranks: { train: 5, stopped: 5, done: 5 },
    title: trans.__('Sweep'),
    summary: ({ state }) => {
      const [first, ...others] = state ? sweepStandings(state) : [];
      const made = first?.sweep.made ?? 0;
      return first && others.length === 0
        ? trans._n('%2 point', '%2 points', made, count(made))
        : count(others.length + 1);
    },
    isVisible: ({ state }) => state !== null && sweepStandings(state).length > 0,
    component: ({ view }) =>
      view.state && sweepStandings(view.state).map(one => <Sweep key={one.sweep.spec.name} standing={one} />)
  };
}

function Sweep({ standing }: { standing: ISweepStanding }) {
  const { trans } = useViewContext();
  return (
    <div className="jp-SaturnSweep" data-sweep={standing.sweep.spec.name}>
      <SweepBar standing={standing} />
      <p>{printable(sweepLine(standing, trans))}</p>
      <p className="jp-SaturnPanel-quiet">{printable(comparedWords(standing, trans))}</p>
    </div>
  );
}
