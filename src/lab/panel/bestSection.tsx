import type { TranslationBundle } from '@jupyterlab/translation';
import { printable } from '../../core/view/format/escape.js';
import { bestTasks } from '../../core/view/results/best.js';
import { leaderboard } from '../../core/view/results/leaderboard.js';
import { ruleSentences } from '../../core/view/results/winner.js';
import type { SessionState } from '../../core/wire/messages.js';
import { BlockList } from '../components/blockList.js';
import { Fold } from '../components/fold.js';
import { printed } from '../components/printed.js';
import { Table } from '../components/table.js';
import { useViewContext } from '../context/viewContext.js';
import type { IPanelSections } from '../session/tokens.js';
import { MoreTasks } from './moreTasks.js';

/** So many are shown. */
const BEST = 5;

/** The whole leaderboard is here for so many tasks; of more the dashboard has it. */
const MOST_ROWS = 50;

/** The best of the trained models. */
export function bestSection(trans: TranslationBundle): IPanelSections.Section {
  return {
    id: 'best',
    rank: 450,
    ranks: { train: 30, stopped: 30, done: 10 },
    title: trans.__('Best so far'),
    summary: ({ state }) => (state ? bestTasks(state, 0, trans).by : ''),
    isVisible: ({ state }) => state !== null && bestTasks(state, 0, trans).all > 0,
    component: ({ view }) => view.state && <Best state={view.state} />
  };
}

function Best({ state }: { state: SessionState }) {
  const { trans } = useViewContext();
  const { tasks, all } = bestTasks(state, BEST, trans);
  return (
    <>
      <ol className="jp-SaturnBest" aria-label={trans.__('Best models')}>
        {tasks.map(({ task, value }) => (
          <li key={task} data-task={task}>
            <span className="jp-SaturnRunning-name" title={printable(task)}>
              {printable(task)}
            </span>
            <span className="jp-SaturnBest-value">{value}</span>
          </li>
        ))}
      </ol>
      <Fold id="leaderboard" title={trans.__('All results')}>
        <BlockList blocks={ruleSentences(state.tasks, trans)} />
        <Leaderboard state={state} all={all} />
      </Fold>
    </>
  );
}

function Leaderboard({ state, all }: { state: SessionState; all: number }) {
  const { trans } = useViewContext();
  const board = leaderboard(state, trans);
  return (
    <div className="jp-SaturnLeaderboard">
      <Table
        table={printed({ label: trans.__('Leaderboard'), ...board, rows: board.rows.slice(0, MOST_ROWS) })}
      />
      <MoreTasks hidden={all - MOST_ROWS} />
    </div>
  );
}
