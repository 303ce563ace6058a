import type { ITranslation } from '../../model/translation.js';
import type { Failure, Rendered, SessionState } from '../../wire/messages.js';
import { failuresBlock, lead, sentence, tableBlock } from '../display/block.js';
import { display } from '../display/display.js';
import { count, duration } from '../format/format.js';

/** One measurement that outlives its session. */
export interface IRemembered {
  readonly signature: string;
  /** The kind of device, and how many of it the node had. */
  readonly device: string;
  readonly devices: number;
  readonly software: string;
  /** When it was measured, in seconds since the epoch. */
  readonly at: number;
}

/** What is remembered of all sessions, where, and what is wrong with that place. */
export interface IMemory {
  readonly folder: string;
  readonly measurements: readonly IRemembered[];
  readonly trouble?: Failure;
}

/**
 * The measurements that outlive their sessions.
 *
 * @param now - seconds since the epoch.
 */
export function cacheView(state: SessionState, memory: IMemory, now: number, trans: ITranslation): Rendered {
  const { folder, measurements, trouble } = memory;
  const signatures = new Set(state.tasks.flatMap(task => task.inspection?.signature ?? []));
  const own = measurements.filter(({ signature }) => signatures.has(signature));
  const where = sentence(trans.__('They lie in `%1`.', folder.replaceAll('`', "'")));
  const failures = failuresBlock(trouble === undefined ? [] : [{ where: [], error: trouble }]);
  const age = (at: number): string => ageWords(now - at, trans);
  if (measurements.length === 0) {
    return display(
      'cache',
      [
        lead(trans.__('No measurements are remembered yet.')),
        sentence(trans.__('What `%saturn profile` measures is kept for later sessions.')),
        where,
        failures
      ],
      trans
    );
  }
  const summary = lead(
    trans._n(
      "%2 measurement remembered, %3 of this session's tasks.",
      "%2 measurements remembered, %3 of this session's tasks.",
      measurements.length,
      count(measurements.length),
      count(own.length)
    )
  );
  const table = tableBlock({
    columns: [
      { label: trans.__('Devices') },
      { label: trans.__('Software') },
      { label: trans.__('Measurements'), align: 'right' },
      { label: trans.__('Of these tasks'), align: 'right' },
      { label: trans.__('Newest'), align: 'right' },
      { label: trans.__('Oldest'), align: 'right' }
    ],
    rows: places(measurements).map(([device, software, mine]) => {
      const times = mine.map(({ at }) => at);
      return [
        device,
        software,
        count(mine.length),
        count(mine.filter(({ signature }) => signatures.has(signature)).length),
        age(Math.max(...times)),
        age(Math.min(...times))
      ];
    })
  });
  const forget = sentence(
    trans.__("Forget those of this session's tasks with `%saturn cache --clear`, all with `--clear --all`.")
  );
  return display('cache', [summary, table, where, forget, failures], trans);
}

function places(measurements: readonly IRemembered[]): [string, string, IRemembered[]][] {
  const groups = new Map<string, [string, string, IRemembered[]]>();
  for (const one of measurements) {
    const device = `${one.devices} × ${one.device}`;
    const key = `${device}\n${one.software}`;
    const group = groups.get(key);
    if (group) {
      group[2].push(one);
    } else {
      groups.set(key, [device, one.software, [one]]);
    }
  }
  return [...groups.values()];
}

function ageWords(seconds: number, trans: ITranslation): string {
  return seconds < 60 ? trans.__('just now') : trans.__('%1 ago', duration(Math.round(seconds), trans));
}
