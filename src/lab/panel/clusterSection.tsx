import type { TranslationBundle } from '@jupyterlab/translation';
import { nodeTable } from '../../core/view/status/nodeTable.js';
import { hasSeveralNodes, missedNodes, nodesWords } from '../../core/view/status/shownNodes.js';
import type { SessionState } from '../../core/wire/messages.js';
import { BlockList } from '../components/blockList.js';
import { useViewContext } from '../context/viewContext.js';
import type { IPanelSections } from '../session/tokens.js';

/** The nodes of a session that has, or is to have, several. */
export function clusterSection(trans: TranslationBundle): IPanelSections.Section {
  return {
    id: 'cluster',
    rank: 500,
    title: trans.__('Nodes'),
    summary: ({ state }) => (state ? nodesWords(state, trans) : ''),
    isVisible: ({ state }) => state !== null && hasSeveralNodes(state),
    isOpen: ({ state }) => state !== null && missedNodes(state).length > 0,
    component: ({ view, now }) => view.state && <Nodes state={view.state} now={now} />
  };
}

function Nodes({ state, now }: { state: SessionState; now: number }) {
  const { trans } = useViewContext();
  return <BlockList blocks={[{ kind: 'table', table: nodeTable(state, now, trans) }]} />;
}
