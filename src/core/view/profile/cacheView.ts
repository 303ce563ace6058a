import type { Failure, Rendered, SessionState } from '../../wire/messages.js';
import { display, lead, sentence, tablePart } from '../format/display.js';
import { failuresPart } from '../format/failures.js';
import { count, duration, plural } from '../format/format.js';

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
export function cacheView(state: SessionState, memory: IMemory, now: number): Rendered {
  const { folder, measurements, trouble } = memory;
  const signatures = new Set(state.tasks.flatMap(task => task.inspection?.signature ?? []));
  const own = measurements.filter(({ signature }) => signatures.has(signature));
  const where = sentence(`They lie in \`${folder.replaceAll('`', "'")}\`.`);
  const troubles = trouble !== undefined && failuresPart([{ where: [], error: trouble }]);
  if (measurements.length === 0) {
    return display('cache', [
      lead('No measurements are remembered yet.'),
      sentence('What `%saturn profile` measures is kept for later sessions.'),
      where,
      troubles
    ]);
  }
  return display('cache', [
    lead(
      `${plural(measurements.length, 'measurement')} remembered, ${count(own.length)} of this session's tasks.`
    ),
    tablePart({
      columns: [
        { label: 'Devices' },
        { label: 'Software' },
        { label: 'Measurements', align: 'right' },
        { label: 'Of these tasks', align: 'right' },
        { label: 'Newest', align: 'right' },
        { label: 'Oldest', align: 'right' }
      ],
      rows: places(measurements).map(([device, software, mine]) => {
        const times = mine.map(({ at }) => at);
        return [
          device,
          software,
          count(mine.length),
          count(mine.filter(({ signature }) => signatures.has(signature)).length),
          age(now - Math.max(...times)),
          age(now - Math.min(...times))
        ];
      })
    }),
    where,
    sentence("Forget those of this session's tasks with `%saturn cache --clear`, all with `--clear --all`."),
    troubles
  ]);
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

const age = (seconds: number): string => (seconds < 60 ? 'just now' : `${duration(Math.round(seconds))} ago`);
