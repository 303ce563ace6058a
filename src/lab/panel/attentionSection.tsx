import type { TranslationBundle } from '@jupyterlab/translation';
import { useState } from 'react';
import { printable } from '../../core/view/format/escape.js';
import { count, listing } from '../../core/view/format/format.js';
import { attention, attentionCount, type IAttention, type Remedy } from '../../core/view/status/attention.js';
import type { SessionState } from '../../core/wire/messages.js';
import { CommandIDs } from '../commands/commandIDs.js';
import { FailureNote } from '../components/failureNote.js';
import { Fold } from '../components/fold.js';
import { useViewContext } from '../context/viewContext.js';
import type { IPanelSections } from '../session/tokens.js';
import { useKeptFocus } from './keptFocus.js';
import { TaskLog } from './taskLog.js';

/** So many things are told before the rest is folded. */
const MOST = 3;

/** Names said of what befell many. */
const NAMES = 2;

/** What failed, or does not go by itself, and what can be done about it. */
export function attentionSection(trans: TranslationBundle): IPanelSections.Section {
  return {
    id: 'attention',
    rank: 20,
    ranks: { define: 5 },
    title: trans.__('Needs attention'),
    summary: ({ state }) => (state ? attentionCount(attention(state, trans)) : ''),
    isVisible: ({ state }) => state !== null && attention(state, trans).length > 0,
    component: ({ view }) => view.state && <AttentionList state={view.state} />
  };
}

function AttentionList({ state }: { state: SessionState }) {
  const { trans } = useViewContext();
  const items = attention(state, trans);
  return (
    <>
      <Items items={items.slice(0, MOST)} state={state} />
      {items.length > MOST && (
        <Fold id="attention-more" title={trans.__('and %1 more', count(items.length - MOST))}>
          <Items items={items.slice(MOST)} state={state} />
        </Fold>
      )}
    </>
  );
}

function Items({ items, state }: { items: readonly IAttention[]; state: SessionState }) {
  const kept = useKeptFocus<HTMLDivElement>();
  return (
    <div {...kept}>
      {items.map((item, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: equal troubles are told apart by their place alone
        <Item key={`${i} ${item.tasks[0]}`} item={item} state={state} />
      ))}
    </div>
  );
}

function Item({ item, state }: { item: IAttention; state: SessionState }) {
  const { trans } = useViewContext();
  const [hasLog, showLog] = useState(false);
  const { tasks, where = [], failure, remedies } = item;
  const [first] = tasks;
  return (
    <div className="jp-SaturnAttention" data-code={failure.code}>
      <FailureNote
        failure={failure}
        where={printable(listing(tasks.length > 0 ? tasks : where, trans, NAMES))}
      />
      {remedies.length > 0 && (
        <div className="jp-SaturnPanel-buttons">
          {remedies.map(remedy => (
            <RemedyButton
              key={remedy}
              remedy={remedy}
              tasks={tasks}
              state={state}
              {...(remedy === 'log' && { pressed: hasLog, onPress: () => showLog(!hasLog) })}
            />
          ))}
        </div>
      )}
      {hasLog && first !== undefined && <TaskLog task={first} />}
    </div>
  );
}

function RemedyButton(props: {
  remedy: Remedy;
  tasks: readonly string[];
  state: SessionState;
  /** Of one that shows something: whether it does. */
  pressed?: boolean;
  onPress?: () => void;
}) {
  const { commands, session, trans } = useViewContext();
  const { remedy, state } = props;
  const tasks = [...props.tasks];
  const { label, act } = {
    retry: { label: trans.__('Retry'), act: () => session.send('retry', { tasks }) },
    resume: { label: trans.__('Resume'), act: () => session.send('resume', { tasks }) },
    log: { label: trans.__('Log'), act: () => props.onPress?.() },
    cell: {
      label: trans.__('Go to cell'),
      act: () =>
        commands.execute(CommandIDs.showCell, {
          cell: state.tasks.find(({ spec }) => spec.name === tasks[0])?.spec.origin ?? ''
        })
    }
  }[remedy];
  const names = printable(listing(tasks, trans, NAMES));
  return (
    <button
      type="button"
      className="jp-mod-styled"
      aria-label={trans.__('%1: %2', label, names)}
      aria-pressed={props.pressed}
      disabled={
        (remedy === 'retry' || remedy === 'resume') &&
        (!session.view.connected || session.view.pending.has(remedy))
      }
      onClick={() => void act()}
    >
      {label}
    </button>
  );
}
