import { count, listing, plural } from '../../core/view/format/format.js';
import { foldProfile } from '../../core/view/profile/profileFold.js';
import { countEntries, type IProfileClass, profileMatrix } from '../../core/view/profile/profileMatrix.js';
import { profileFailures, profileReasons } from '../../core/view/profile/profileReasons.js';
import { profileSentence } from '../../core/view/profile/profileSentence.js';
import type { SessionState } from '../../core/wire/messages.js';
import { FailureNote } from '../components/failureNote.js';
import { ProgressBar } from '../components/progressBar.js';
import { Section } from '../components/section.js';
import { usePanelContext } from '../context/panelContext.js';
import { ProfileCell } from './profileCell.js';

/** How fast each kind of task runs under each strategy. */
export function ProfileSection({ state }: { state: SessionState }) {
  const { trans } = usePanelContext();
  const matrix = profileMatrix(state);
  const total = state.trialsDone + state.trials.length;
  const known = countEntries(matrix, 'measured', 'oom', 'failed');
  const measuring = state.trials.length > 0;
  const text = trans.__('%1 of %2 trials', count(state.trialsDone), count(total));
  return (
    <Section
      name="profile"
      title={trans.__('Profile')}
      summary={
        measuring
          ? text
          : state.probing
            ? trans.__('choosing trials')
            : known > 0
              ? trans.__('%1 measured', count(known))
              : ''
      }
    >
      {measuring && <ProgressBar done={state.trialsDone} of={total} label={trans.__('Trials')} text={text} />}
      {matrix.devices.length === 0 ? (
        <p className="jp-SaturnPanel-hint">
          {trans.__('Tasks are measured for a few steps under each way to run them, once there are tasks.')}
        </p>
      ) : (
        <>
          <div className="jp-SaturnPanel-quiet">{profileSentence(state, matrix)}</div>
          <div className="jp-SaturnPanel-scroll">
            <table className="jp-SaturnProfile">
              <caption className="jp-SaturnPanel-hidden">
                {trans.__('Time of a step and memory, by technique and number of devices')}
              </caption>
              <thead>
                <tr>
                  <th scope="col">{trans.__('Technique')}</th>
                  {matrix.devices.map(devices => (
                    <th scope="col" key={devices}>
                      {plural(devices, 'device')}
                    </th>
                  ))}
                </tr>
              </thead>
              {matrix.classes.map(speed => (
                <SpeedClass key={speed.signature} speed={speed} profiled={state.profiled === true} />
              ))}
            </table>
          </div>
          <Reasons reasons={[...profileReasons(matrix)]} />
          {profileFailures(state, matrix).map(({ where, error }) => (
            <div key={where} className="jp-SaturnProfile-failure">
              <strong>{where}</strong>
              <FailureNote failure={error} />
            </div>
          ))}
        </>
      )}
    </Section>
  );
}

/** Tasks of equal speed: a row for each technique with its knobs. */
function SpeedClass({ speed, profiled }: { speed: IProfileClass; profiled: boolean }) {
  const { shown, folded, line } = foldProfile(speed.rows, profiled);
  const width = 1 + (speed.rows[0]?.entries.length ?? 0);
  return (
    <tbody>
      <tr className="jp-SaturnProfile-tasks">
        <th scope="rowgroup" colSpan={width} title={listing(speed.tasks, 12)}>
          {speed.label}
        </th>
      </tr>
      {shown.map(row => (
        <tr key={row.label}>
          <th scope="row">{row.label}</th>
          {row.entries.map((entry, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: an entry is where it is, by device count
            <ProfileCell key={i} entry={entry} best={speed.best} profiled={profiled} />
          ))}
        </tr>
      ))}
      {folded.length > 0 && (
        <tr className="jp-SaturnProfile-folded">
          <td colSpan={width}>
            <details>
              <summary>{line}</summary>
              <ul>
                {folded.map(({ label, word }) => (
                  <li key={label}>
                    {label}: {word}
                  </li>
                ))}
              </ul>
            </details>
          </td>
        </tr>
      )}
    </tbody>
  );
}

function Reasons({ reasons }: { reasons: readonly (readonly [string, readonly string[]])[] }) {
  const { trans } = usePanelContext();
  return reasons.length === 0 ? null : (
    <details className="jp-SaturnProfile-reasons">
      <summary>{trans.__('Why not (%1)', count(reasons.length))}</summary>
      <ul>
        {reasons.map(([reason, where]) => (
          <li key={reason}>
            {reason} <span className="jp-SaturnPanel-quiet">({listing(where, 3)})</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
