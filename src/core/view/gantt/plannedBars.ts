import { strategyLabel } from '../../model/strategy.js';
import type { ITranslation } from '../../model/translation.js';
import type { Segment } from '../../wire/messages.js';
import { count, duration, listing } from '../format/format.js';
import type { IGanttBar } from './gantt.js';
import type { ITaskGroups } from './taskGroups.js';

/** Key of a device's row in a chart. */
export const rowKey = (node: string, device: string): string => `${node}/${device}`;

/** Keys of the rows of all devices a segment uses, on other nodes too. */
export function rowsOf(segment: Segment): string[] {
  return [segment, ...(segment.elsewhere ?? [])].flatMap(({ node, devices }) =>
    devices.map(device => rowKey(node, device))
  );
}

/** How {@link plannedBars} draws. */
export interface IPlannedBarsOptions {
  readonly groups: ITaskGroups;
  readonly trans: ITranslation;
  /** Seconds from the left end of the chart to the plan's second 0; 0 when absent. */
  readonly offset?: number;
  /** `planned` when absent. */
  readonly kind?: 'planned' | 'baseline';
  /** Names of the tasks to mark as pinned. */
  readonly pinned?: ReadonlySet<string>;
  /** Whether the user may move a task; none when absent. */
  readonly movable?: (task: string) => boolean;
}

/**
 * Bars of a plan: one per segment and, for tasks fused in one run, one for all of them. The parts of a task that
 * changes its strategy or place are numbered, and each names the next. Ids stay the same from plan to plan.
 */
export function plannedBars(segments: readonly Segment[], options: IPlannedBarsOptions): IGanttBar[] {
  const { kind = 'planned' } = options;
  const runs = runsOf(segments);
  const parts = new Map<string, string[]>();
  const placed = [...runs]
    .sort((a, b) => a.segment.start - b.segment.start)
    .map(run => {
      const name = run.tasks.join('+');
      const mine = parts.get(name) ?? [];
      const id = `${kind === 'planned' ? 'plan' : kind}:${mine.length}:${name}`;
      parts.set(name, [...mine, id]);
      return { run, id, name, part: mine.length };
    });
  const bars = new Map(
    placed.map(({ run, id, name, part }) => {
      const all = parts.get(name) as string[];
      return [run, bar(run, { id, part, parts: all.length, next: all[part + 1] }, options)];
    })
  );
  return runs.map(run => bars.get(run) as IGanttBar);
}

/** A segment, or several that are one run. */
interface IRun {
  readonly segment: Segment;
  readonly tasks: string[];
}

function runsOf(segments: readonly Segment[]): IRun[] {
  const fused = new Map<string, IRun>();
  const runs: IRun[] = [];
  for (const segment of segments) {
    const key = segment.fusion === undefined ? undefined : `${segment.fusion}@${segment.start}`;
    const known = key === undefined ? undefined : fused.get(key);
    if (known) {
      known.tasks.push(segment.task);
      continue;
    }
    const run = { segment, tasks: [segment.task] };
    runs.push(run);
    if (key !== undefined) {
      fused.set(key, run);
    }
  }
  return runs;
}

interface IPart {
  readonly id: string;
  readonly part: number;
  readonly parts: number;
  readonly next: string | undefined;
}

function bar(run: IRun, { id, part, parts, next }: IPart, options: IPlannedBarsOptions): IGanttBar {
  const { segment, tasks } = run;
  const { groups, trans, offset = 0, kind = 'planned', pinned, movable } = options;
  const start = offset + segment.start;
  const end = offset + segment.end;
  const number = parts > 1 ? ` (${part + 1}/${parts})` : '';
  const first = segment.task;
  const overhead = segment.overheadSeconds ?? 0;
  const isPinned = tasks.some(task => pinned?.has(task));
  const devices = [segment, ...(segment.elsewhere ?? [])].map(place => place.devices.join(', '));
  const where = segment.elsewhere
    ? listing(
        [segment, ...segment.elsewhere].map(({ node }, i) =>
          trans.__('%1 of %2', devices[i] as string, node)
        ),
        trans
      )
    : (devices[0] as string);
  const strategy = strategyLabel(segment.strategy);
  const time = (seconds: number): string => duration(seconds, trans);
  const lasting = [time(start), time(end), time(end - start), count(segment.steps)] as const;
  return {
    id,
    task: first,
    ...(tasks.length > 1 && { tasks }),
    label: tasks.map(groups.shortName).join(' + ') + number,
    brief: tasks.length > 1 ? trans.__('%1 fused', tasks.length) + number : groups.briefName(first) + number,
    note: strategy,
    technique: segment.strategy.technique,
    rows: rowsOf(segment),
    start,
    end,
    kind,
    colour: groups.indexOf(first),
    ...(overhead > 0 && { overhead }),
    ...(isPinned && { pinned: true }),
    ...(tasks.length === 1 && movable?.(first) && { movable: true }),
    ...(next !== undefined && { next }),
    detail: [
      tasks.length > 1 ? trans.__('%1, fused in one run', listing(tasks, trans)) : first,
      isPinned
        ? trans.__('planned: %1 on %2, pinned', strategy, where)
        : trans.__('planned: %1 on %2', strategy, where),
      ...(parts > 1
        ? [trans.__('part %1 of %2: it changes strategy or place while it trains', part + 1, parts)]
        : []),
      trans._n('%2 to %3 (%4), %5 step', '%2 to %3 (%4), %5 steps', segment.steps, ...lasting),
      ...(segment.likely === undefined
        ? []
        : [trans.__('likely to be over after %1 of them', count(Math.max(1, segment.likely)))]),
      ...(overhead > 0
        ? [
            part > 0
              ? trans.__('%1 of it to start and to switch', time(overhead))
              : trans.__('%1 of it to start', time(overhead))
          ]
        : [])
    ].join('\n')
  };
}
