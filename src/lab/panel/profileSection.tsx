import type { TranslationBundle } from '@jupyterlab/translation';
import { count } from '../../core/view/format/format.js';
import { profileView } from '../../core/view/profile/profileView.js';
import type { SessionState } from '../../core/wire/messages.js';
import { BlockList } from '../components/blockList.js';
import { ProgressBar } from '../components/progressBar.js';
import { useViewContext } from '../context/viewContext.js';
import type { IPanelSections } from '../session/tokens.js';

/** How fast each kind of task runs under each strategy. */
export function profileSection(trans: TranslationBundle): IPanelSections.Section {
  return {
    id: 'profile',
    rank: 200,
    title: trans.__('Speed'),
    isVisible: ({ state }) => state !== null && state.tasks.length > 0,
    isOpen: ({ state }) => state !== null && state.trials.length > 0,
    summary: ({ state }) => (state ? summary(state, trans) : ''),
    component: ({ view }) => view.state && <Profile state={view.state} />
  };
}

function summary(state: SessionState, trans: TranslationBundle): string {
  if (state.trials.length > 0) {
    return trialsText(state, trans);
  }
  const known = state.cells.filter(
    ({ source, status }) => source === 'measured' && status !== 'pruned'
  ).length;
  return state.probing
    ? trans.__('choosing trials')
    : known > 0
      ? trans.__('%1 measured', count(known))
      : trans.__('nothing measured yet');
}

const trialsText = ({ trialsDone, trials }: SessionState, trans: TranslationBundle) =>
  trans.__('%1 of %2 trials', count(trialsDone), count(trialsDone + trials.length));

function Profile({ state }: { state: SessionState }) {
  const { trans } = useViewContext();
  const { trialsDone, trials } = state;
  return (
    <div className="jp-SaturnProfile">
      {trials.length > 0 && (
        <ProgressBar
          done={trialsDone}
          of={trialsDone + trials.length}
          label={trans.__('Trials')}
          text={trialsText(state, trans)}
        />
      )}
      <BlockList blocks={profileView(state, trans)} />
    </div>
  );
}
