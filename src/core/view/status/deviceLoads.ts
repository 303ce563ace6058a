import { devicesOf } from '../../model/schedule/deviceRuns.js';
import type { ITranslation } from '../../model/translation.js';
import type { DeviceLoad, EngineMessages, SessionState } from '../../wire/messages.js';
import { bytes, listing, NOTHING, percent } from '../format/format.js';
import type { ITable } from '../format/table.js';
import type { IGanttLoad } from '../gantt/gantt.js';
import { rowKey } from '../gantt/plannedBars.js';

type Load = EngineMessages['load'];

/** So many names are said of who uses a device. */
const NAMED = 3;

/** What was told so many seconds ago at most is how it still is: it is told every two seconds, and asked for as often. */
const STILL = 6;

/**
 * How busy devices are, by the rows of a chart.
 *
 * @param origin - when the chart begins, in seconds since the epoch.
 * @param until - to when it is drawn, in seconds since the epoch.
 */
export function deviceLoads(
  { nodes }: Load,
  state: SessionState,
  origin: number,
  until: number,
  trans: ITranslation
): Map<string, IGanttLoad> {
  return new Map(
    nodes.flatMap(({ node, starts, ends, devices }) =>
      devices.map(({ id, loads, memory, now }): [string, IGanttLoad] => [
        rowKey(node, id),
        {
          spans: starts
            .map((start, i) => ({
              from: start - origin,
              to: drawnUntil(ends[i] ?? start, now && i === starts.length - 1 ? until : 0) - origin,
              load: loads[i] ?? null,
              memory: memory[i] ?? null
            }))
            .filter(({ to }) => to > 0),
          text: now ? shareWords(now, trans) : '',
          detail: now
            ? loadWords(now, usersOf(state, node, id), trans)
            : trans.__('%1: how busy it is now is not known', id)
        }
      ])
    )
  );
}

/** When a time ends in a chart: the last one goes on for a moment, as there is no newer. */
const drawnUntil = (end: number, until: number): number =>
  until > end && until - end <= STILL ? until : end;

/** How busy the devices are now, in words; null when nothing is known of any. */
export function loadTable({ nodes }: Load, state: SessionState, trans: ITranslation): ITable | null {
  const rows = nodes.flatMap(({ node, devices }) =>
    devices.flatMap(({ id, now }) => {
      if (!now) {
        return [];
      }
      const { load, memoryBytes, totalBytes, others = [] } = now;
      const users = [...usersOf(state, node, id), ...others];
      return [
        [
          nodes.length > 1 ? `${node} ${id}` : id,
          load === undefined ? NOTHING : percent(load, trans),
          memoryWords(memoryBytes, totalBytes, trans),
          users.length > 0 ? listing(users, trans, NAMED) : NOTHING
        ]
      ];
    })
  );
  return rows.length === 0
    ? null
    : {
        caption: trans.__('How busy the devices are'),
        columns: [
          { label: trans.__('Device') },
          { label: trans.__('Busy'), align: 'right' },
          { label: trans.__('Memory'), align: 'right' },
          { label: trans.__('Used by') }
        ],
        rows
      };
}

/** `87 %`, or the memory where the load is not told. */
function shareWords({ load, memoryBytes }: DeviceLoad, trans: ITranslation): string {
  return load === undefined ? bytes(memoryBytes) : percent(load, trans);
}

/** `cuda0: busy for 87 % of the time, 12 GiB of 80 GiB in use, by mlp-8`. */
function loadWords(now: DeviceLoad, users: readonly string[], trans: ITranslation): string {
  const { id, load, memoryBytes, totalBytes, others = [] } = now;
  const facts = [
    load !== undefined && trans.__('busy for %1 of the time', percent(load, trans)),
    memoryBytes !== undefined && trans.__('%1 in use', memoryWords(memoryBytes, totalBytes, trans)),
    users.length > 0 && trans.__('used by %1', listing(users, trans, NAMED)),
    others.length > 0 && trans.__('by others, too: %1', others.join(', '))
  ].filter(fact => fact !== false);
  return trans.__('%1: %2', id, facts.join('; '));
}

function memoryWords(used: number | undefined, total: number | undefined, trans: ITranslation): string {
  return used === undefined || total === undefined
    ? bytes(used)
    : trans.__('%1 of %2', bytes(used), bytes(total));
}

/** Names of the tasks that have a device. */
function usersOf({ tasks }: SessionState, node: string, device: string): string[] {
  return tasks
    .filter(({ attempts }) => {
      const last = attempts.at(-1);
      const places = last && last.endedAt === undefined ? devicesOf(last) : [];
      return places.some(place => place.node === node && place.device === device);
    })
    .map(({ spec }) => spec.name);
}
