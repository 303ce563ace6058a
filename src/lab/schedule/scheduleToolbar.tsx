import type { TranslationBundle } from '@jupyterlab/translation';
import { duration } from '../../core/view/format/format.js';
import { type ITimeSpan, spanning, type TimeWindow, zoomed } from '../../core/view/gantt/gantt.js';
import { nodeCount } from '../../core/view/status/shownNodes.js';
import type { Baseline } from '../../core/wire/messages.js';
import { useViewContext } from '../context/viewContext.js';
import { ZOOM_STEP } from '../gantt/ganttNavigation.js';

/** Of more nodes the buttons that fold them are behind a fold. */
const MOST_NODES = 6;

/** What is seen of the schedule: how near, which nodes, what besides it. */
export function ScheduleToolbar(props: ScheduleToolbar.IProps) {
  const { trans } = useViewContext();
  const { end, window, onWindow, chosen, rules, rule, onRule } = props;
  const { nodes, folded, onFold, onFoldAll, hasLoad, showsLoad, onLoad } = props;
  return (
    <div className="jp-SaturnSchedule-toolbar" role="toolbar" aria-label={trans.__('View of the schedule')}>
      {zoomButtons(trans).map(({ sign, label, factor }) => (
        <button
          key={sign}
          type="button"
          className="jp-mod-styled"
          title={label}
          aria-label={label}
          disabled={factor > 1 && window === null}
          onClick={() => onWindow(zoomed(window, end, factor))}
        >
          {sign}
        </button>
      ))}
      <button
        type="button"
        className="jp-mod-styled"
        title={trans.__('Show all (0)')}
        disabled={window === null}
        onClick={() => onWindow(null)}
      >
        {trans.__('Fit')}
      </button>
      <button
        type="button"
        className="jp-mod-styled"
        title={trans.__('Show the selected tasks, as near as can be')}
        disabled={chosen.length === 0}
        onClick={() => onWindow(spanning(chosen, end))}
      >
        {trans.__('Selected')}
      </button>
      {nodes.length > 1 && <NodeFolds nodes={nodes} folded={folded} onFold={onFold} onFoldAll={onFoldAll} />}
      {hasLoad && (
        <label>
          <input type="checkbox" checked={showsLoad} onChange={event => onLoad(event.target.checked)} />
          {trans.__('Load')}
        </label>
      )}
      {rules.length > 0 && (
        <label>
          {trans.__('Compare')}
          <select
            className="jp-mod-styled"
            value={rule ?? ''}
            onChange={event => onRule(rules.find(({ name }) => name === event.target.value)?.name ?? null)}
          >
            <option value="">{trans.__('nothing')}</option>
            {rules.map(({ name, makespan }) => (
              <option key={name} value={name}>
                {trans.__('%1: %2', name, duration(makespan, trans))}
              </option>
            ))}
          </select>
        </label>
      )}
    </div>
  );
}

/** What folds nodes: of many behind a fold of their own. */
function NodeFolds(props: Pick<ScheduleToolbar.IProps, 'nodes' | 'folded' | 'onFold' | 'onFoldAll'>) {
  const { trans } = useViewContext();
  const { nodes, folded, onFold, onFoldAll } = props;
  // Of nodes that have left the chart it may still be known that they were folded.
  const isUnfolded = !nodes.some(node => folded.has(node));
  const buttons = nodes.map(node => (
    <button
      key={node}
      type="button"
      className="jp-mod-styled jp-mod-minimal"
      aria-expanded={!folded.has(node)}
      title={folded.has(node) ? trans.__('Unfold its devices') : trans.__('Fold its devices')}
      onClick={() => onFold(node)}
    >
      <span aria-hidden="true">{folded.has(node) ? '▸ ' : '▾ '}</span>
      {node}
    </button>
  ));
  return nodes.length <= MOST_NODES ? (
    buttons
  ) : (
    <>
      <button type="button" className="jp-mod-styled" onClick={() => onFoldAll(isUnfolded)}>
        {isUnfolded ? trans.__('Fold all nodes') : trans.__('Unfold all nodes')}
      </button>
      <details className="jp-SaturnFold">
        <summary>{nodeCount(nodes.length, trans)}</summary>
        {buttons}
      </details>
    </>
  );
}

export namespace ScheduleToolbar {
  export interface IProps {
    /** When the chart ends, in seconds. */
    end: number;
    window: TimeWindow;
    onWindow: (window: TimeWindow) => void;
    /** When the selected tasks run. */
    chosen: readonly ITimeSpan[];
    /** Ids of the nodes. */
    nodes: readonly string[];
    folded: ReadonlySet<string>;
    /** Called with the node to be folded, or unfolded. */
    onFold: (node: string) => void;
    /** Called when all are to be folded, or unfolded. */
    onFoldAll: (isFolded: boolean) => void;
    hasLoad: boolean;
    showsLoad: boolean;
    onLoad: (shows: boolean) => void;
    /** Simple rules whose plans can be shown under this one. */
    rules: readonly Baseline[];
    /** The rule whose plan is shown. */
    rule: Baseline['name'] | null;
    onRule: (rule: Baseline['name'] | null) => void;
  }
}

const zoomButtons = (trans: TranslationBundle) => [
  { sign: '−', label: trans.__('Zoom out (-)'), factor: ZOOM_STEP },
  { sign: '+', label: trans.__('Zoom in (+)'), factor: 1 / ZOOM_STEP }
];
