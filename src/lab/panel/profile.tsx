import { strategyKey, strategyLabel } from '../../core/model/strategy.js';
import { bytes, count, listing, stepTime } from '../../core/view/format.js';
import type { ProfileCell, SessionState } from '../../core/wire/messages.js';
import { useEnv } from './env.js';
import { type ProfileEntry, profileMatrix } from './profileMatrix.js';
import { Progress } from './progress.js';
import { Section } from './section.js';

/** How fast each kind of task runs under each strategy. */
export function ProfileSection({ state }: { state: SessionState }) {
  const { trans } = useEnv();
  const total = state.trialsDone + state.trials.length;
  const matrix = profileMatrix(state);
  const known = matrix.rows.reduce(
    (sum, row) => sum + row.entries.filter(one => one.kind === 'known').length,
    0
  );
  const measuring = state.trials.length > 0;
  const text = trans.__('%1 of %2 trials', count(state.trialsDone), count(total));
  return (
    <Section
      name="profile"
      title={trans.__('Profile')}
      summary={measuring ? text : known > 0 ? trans.__('%1 measured', count(known)) : ''}
    >
      {measuring && <Progress done={state.trialsDone} of={total} label={trans.__('Trials')} text={text} />}
      {matrix.rows.length === 0 ? (
        <p className="jp-SaturnPanel-hint">
          {trans.__('Tasks are measured for a few steps under each way to run them, once there are tasks.')}
        </p>
      ) : (
        <div className="jp-SaturnPanel-scroll">
          <table className="jp-SaturnProfile">
            <caption className="jp-SaturnPanel-hidden">{trans.__('Seconds per step by strategy')}</caption>
            <thead>
              <tr>
                <th scope="col">{trans.__('Task')}</th>
                {matrix.strategies.map(strategy => (
                  <th scope="col" key={strategyKey(strategy)}>
                    {strategyLabel(strategy)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {matrix.rows.map(row => (
                <tr key={row.signature}>
                  <th scope="row" title={listing(row.tasks, 12)}>
                    {row.label}
                  </th>
                  {row.entries.map((entry, i) => (
                    <Entry
                      key={strategyKey(matrix.strategies[i] ?? { technique: '', devices: 0 })}
                      entry={entry}
                      best={bestOf(row.entries)}
                    />
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Section>
  );
}

/** Shortest step of a row. */
const bestOf = (entries: readonly ProfileEntry[]) =>
  Math.min(
    ...entries.map(entry => (entry.kind === 'known' ? (entry.cell.stepSeconds ?? Infinity) : Infinity))
  );

function Entry({ entry, best }: { entry: ProfileEntry; best: number }) {
  const { trans } = useEnv();
  switch (entry.kind) {
    case 'known':
      return <KnownEntry cell={entry.cell} best={best} />;
    case 'running':
      return <td className="jp-mod-running">{trans.__('measuring…')}</td>;
    case 'queued':
      return <td className="jp-mod-quiet">{trans.__('queued')}</td>;
    case 'infeasible':
      return (
        <td className="jp-mod-quiet" title={entry.reason}>
          {trans.__('cannot')}
        </td>
      );
    case 'open':
      return <td className="jp-mod-quiet">–</td>;
  }
}

function KnownEntry({ cell, best }: { cell: ProfileCell; best: number }) {
  const { trans } = useEnv();
  switch (cell.status) {
    case 'ok': {
      const fastest = cell.stepSeconds === best;
      const title = [
        cell.spreadSeconds !== undefined && `± ${stepTime(cell.spreadSeconds)}`,
        cell.startSeconds !== undefined && trans.__('starts in %1', stepTime(cell.startSeconds)),
        cell.peakBytes !== undefined && trans.__('peak %1', bytes(cell.peakBytes)),
        cell.source === 'interpolated' && trans.__('interpolated')
      ];
      return (
        <td className={fastest ? 'jp-mod-best' : ''} title={title.filter(Boolean).join(', ')}>
          {cell.source === 'interpolated' && '≈ '}
          {stepTime(cell.stepSeconds)}
          {fastest && <span className="jp-SaturnPanel-hidden"> {trans.__('(fastest)')}</span>}
        </td>
      );
    }
    case 'oom':
      return (
        <td className="jp-mod-warning" title={cell.error?.message}>
          {trans.__('out of memory')}
        </td>
      );
    case 'failed':
      return (
        <td
          className="jp-mod-failed"
          title={[cell.error?.message, cell.error?.hint].filter(Boolean).join(' ')}
        >
          {trans.__('✕ failed')}
        </td>
      );
    case 'pruned':
      return (
        <td className="jp-mod-quiet" title={cell.error?.message}>
          {trans.__('skipped')}
        </td>
      );
  }
}
