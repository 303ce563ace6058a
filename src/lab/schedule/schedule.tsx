import { useEffect, useId, useRef, useState } from 'react';
import { noPlan } from '../../core/view/display/emptyStates.js';
import {
  ganttEnd,
  type IGanttInput,
  type ITimeSpan,
  revealed,
  type TimeWindow
} from '../../core/view/gantt/gantt.js';
import { pastGantt } from '../../core/view/gantt/sessionGantt.js';
import { standingPlan } from '../../core/view/gantt/standingPlan.js';
import { loadTable } from '../../core/view/status/deviceLoads.js';
import { nodeTable } from '../../core/view/status/nodeTable.js';
import { listedPlans } from '../../core/view/status/replans.js';
import { scheduleChart } from '../../core/view/status/scheduleChart.js';
import { hasSeveralNodes } from '../../core/view/status/shownNodes.js';
import type { Baseline, SessionState } from '../../core/wire/messages.js';
import { BlockList } from '../components/blockList.js';
import { GanttHost } from '../components/ganttHost.js';
import { PastPlan, PlanHistory, usePastPlan } from '../components/planHistory.js';
import { useDashboardContext, useSelectedTasks } from '../context/dashboardContext.js';
import type { IGanttPick } from '../gantt/ganttTargets.js';
import { UsePlanButton } from '../whatIf/usePlanButton.js';
import { useDeviceLoad } from './deviceLoad.js';
import { DraftBar, useDraft } from './draft.js';
import { Minimap } from './minimap.js';
import { ScheduleToolbar } from './scheduleToolbar.js';

/** The nodes of a chart of more devices are folded at first. */
const MOST_ROWS = 64;

/** The schedule of a session, to be looked through, and to be changed. */
export function Schedule({ state, now }: Schedule.IProps) {
  const { session, trans } = useDashboardContext();
  const load = useDeviceLoad(session, state, now);
  const draft = useDraft(state, now);
  const { past, show } = usePastPlan(state);
  const history = useRef<HTMLElement>(null);
  const [rule, setRule] = useState<Baseline['name'] | null>(null);
  const [showsLoad, setLoad] = useState(true);
  const plan = standingPlan(state)?.plan;
  const rules = (!past && !draft.question && plan?.baselines.filter(({ segments }) => segments)) || [];
  const baseline = rules.find(({ name }) => name === rule) ?? null;
  const chart = past
    ? pastGantt(past.state, past.adoptedAt, trans)
    : scheduleChart(state, now, trans, {
        baseline,
        draft: draft.plan,
        movable: draft.movable,
        load: showsLoad ? load : null
      });
  const pick = ({ id }: IGanttPick) => {
    const listed = listedPlans(state, now, trans).find(({ number }) => String(number) === id);
    if (listed) {
      show(listed.number === past?.number ? null : listed);
    }
  };
  const table = load && !past ? loadTable(load, state, trans) : null;
  return (
    <>
      {past && (
        <PastPlan
          past={past}
          onBack={() => {
            show(null);
            history.current?.focus();
          }}
        />
      )}
      {!past && <DraftBar state={state} draft={draft} />}
      {chart ? (
        <Chart
          chart={chart}
          onEdit={past ? undefined : draft.edit}
          onEvent={pick}
          toolbar={{
            hasLoad: load !== null && !past,
            showsLoad,
            onLoad: setLoad,
            rules,
            rule,
            onRule: setRule
          }}
        />
      ) : (
        <BlockList blocks={noPlan(state, trans)} />
      )}
      {baseline?.segments && <UsePlanButton segments={baseline.segments} onUsed={() => setRule(null)} />}
      {table && (
        <BlockList
          blocks={[{ kind: 'fold', title: table.caption ?? '', blocks: [{ kind: 'table', table }] }]}
        />
      )}
      {hasSeveralNodes(state) && (
        <BlockList
          blocks={[
            {
              kind: 'fold',
              title: trans.__('Nodes'),
              blocks: [{ kind: 'table', table: nodeTable(state, now, trans) }]
            }
          ]}
        />
      )}
      <PlanHistory state={state} now={now} shown={past?.number} onShow={show} title={history} />
    </>
  );
}

export namespace Schedule {
  export interface IProps {
    state: SessionState;
    /** Seconds since the epoch. */
    now: number;
  }
}

/** A chart with its toolbar and minimap: which time and which nodes are seen, and which tasks are selected. */
function Chart({ chart, toolbar, onEdit, onEvent }: IChartProps) {
  const { selection, trans } = useDashboardContext();
  const selected = useSelectedTasks();
  const id = useId();
  const [window, setWindow] = useState<TimeWindow>(null);
  const nodes = [...new Set(chart.rows.map(({ node = '' }) => node))];
  const [folded, setFolded] = useState<ReadonlySet<string>>(
    () => new Set(nodes.length > 1 && chart.rows.length > MOST_ROWS ? nodes : [])
  );
  const end = ganttEnd(chart, trans);
  const spans = spansOf(chart, selected);
  const fold = (node: string) => {
    const next = new Set(folded);
    if (!next.delete(node)) {
      next.add(node);
    }
    setFolded(next);
  };
  const current = selected.at(-1);
  // Only once another task is selected: whoever looks elsewhere then is not called back.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  useEffect(() => {
    const last = current === undefined ? [] : spansOf(chart, [current]);
    if (window && last.length > 0 && !last.some(span => span.to >= window.from && span.from <= window.to)) {
      setWindow(revealed(window, end, last.at(-1) as ITimeSpan));
    }
  }, [current]);
  return (
    <>
      <ScheduleToolbar
        {...toolbar}
        {...{ end, window, onWindow: setWindow, chosen: spans, nodes, folded, onFold: fold }}
        onFoldAll={isFolded => setFolded(new Set(isFolded ? nodes : []))}
      />
      <Minimap input={chart} end={end} window={window} onWindow={setWindow} controls={id} />
      <div id={id}>
        <GanttHost
          input={chart}
          onEdit={onEdit}
          navigation={{
            window,
            onWindow: setWindow,
            folded,
            chosen: new Set(selected),
            onSelect: bar => selection.select(bar ? (bar.tasks ?? [bar.task]) : []),
            onToggle: bar => {
              for (const task of bar.tasks ?? [bar.task]) {
                selection.toggle(task);
              }
            },
            onPick: pick => (pick.kind === 'node' ? fold(pick.id) : onEvent(pick))
          }}
        />
      </div>
    </>
  );
}

interface IChartProps {
  readonly chart: IGanttInput;
  readonly toolbar: Pick<
    ScheduleToolbar.IProps,
    'hasLoad' | 'showsLoad' | 'onLoad' | 'rules' | 'rule' | 'onRule'
  >;
  readonly onEdit: Parameters<typeof GanttHost>[0]['onEdit'];
  /** Called when the user picks a moment that is marked. */
  readonly onEvent: (pick: IGanttPick) => void;
}

/** When some tasks run, by their bars. */
function spansOf({ bars }: IGanttInput, tasks: readonly string[]): ITimeSpan[] {
  const wanted = new Set(tasks);
  return bars
    .filter(({ kind, task }) => kind !== 'baseline' && wanted.has(task))
    .map(({ start, end }) => ({ from: start, to: end }));
}
