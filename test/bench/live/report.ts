import type { ILiveRun } from './liveRun.js';
import type { IVirtualRun } from './virtual.js';
import { ONCE } from './ways.js';

/** A policy in a setting: how it went, and how the simulator says it would. */
export interface IResult {
  setting: string;
  /** Number of the draw of errors, where there are several. */
  draw?: number;
  policy: string;
  live?: ILiveRun;
  simulated?: IVirtualRun;
  /** Why there is no run. */
  refused?: string;
}

/** What somebody who knows which tasks a rule will end would do. */
export const CLAIRVOYANT = 'clairvoyant';

/** Of the policies that others are compared with: the first that ran in a setting. */
const REFERENCES: readonly string[] = [CLAIRVOYANT, 'current practice', ONCE];

const HEADS = [
  'seconds',
  'before',
  'planning',
  'idle',
  'switches',
  'simulated',
  'ratio',
  'of ref.',
  'others'
];

/** What the columns are. */
export const LEGEND = [
  'Seconds from the wish to train to the end of the last task; those before training began (measuring, planning); those in',
  'which a plan was looked for; share of device time from the start of training on in which no step was made; moves of running',
  'tasks; what the simulator says; training by what it says; training by that of the reference (a clairvoyant, current practice,',
  'or the plan made once) in the same draw; share of the processors that others used: rows with much of it are noise.'
];

/** One line a run, under the name of its setting. */
export function table(results: readonly IResult[]): string[] {
  const lines = [row(['', ...HEADS])];
  for (const setting of settingsIn(results)) {
    const rows = results.filter(result => result.setting === setting);
    lines.push(setting, ...rows.map(result => line(result, referenceOf(result, rows))));
  }
  return lines;
}

/** Settings with several draws: each policy's time by that of the reference, in the same draw. */
export function summary(results: readonly IResult[]): string[] {
  return settingsIn(results).flatMap(setting => {
    const rows = results.filter(result => result.setting === setting && result.draw !== undefined);
    const reference = rows[0] && referenceOf(rows[0], rows)?.policy;
    const policies = [...new Set(rows.map(({ policy }) => policy))].filter(policy => policy !== reference);
    const lines = policies.flatMap(policy => {
      const ratios = rows
        .filter(result => result.policy === policy)
        .flatMap(result => {
          const of = referenceOf(result, rows);
          const seconds = secondsOf(result);
          return of && seconds ? [seconds / secondsOf(of)!] : [];
        });
      if (ratios.length === 0) {
        return [];
      }
      const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
      const squares = ratios.reduce((sum, ratio) => sum + (ratio - mean) ** 2, 0);
      const spread = Math.sqrt(squares / Math.max(1, ratios.length - 1));
      const [least, most] = [Math.min(...ratios), Math.max(...ratios)];
      return [
        `  ${policy.padEnd(22)}${mean.toFixed(3)} of ${reference}, spread ${spread.toFixed(3)}, ` +
          `${least.toFixed(3)} to ${most.toFixed(3)} in ${ratios.length} draws`
      ];
    });
    return lines.length > 0 ? [setting, ...lines] : [];
  });
}

function settingsIn(results: readonly IResult[]): string[] {
  return [...new Set(results.map(result => result.setting))];
}

function referenceOf({ draw }: IResult, rows: readonly IResult[]): IResult | undefined {
  const ran = rows.filter(row => row.draw === draw && secondsOf(row) !== undefined);
  return REFERENCES.map(name => ran.find(({ policy }) => policy === name)).find(row => row !== undefined);
}

/** Seconds of training: for real, else on virtual time. */
function secondsOf({ live, simulated, refused }: IResult): number | undefined {
  return refused !== undefined ? undefined : live ? live.makespan - live.begun : simulated?.makespan;
}

function line(result: IResult, reference: IResult | undefined): string {
  const { policy, draw, live, simulated, refused } = result;
  const name = `  ${policy}${draw === undefined ? '' : ` #${draw}`}`;
  if (refused !== undefined) {
    return `${name.padEnd(24)}${refused}`;
  }
  const seconds = secondsOf(result)!;
  const of = reference && reference !== result ? (seconds / secondsOf(reference)!).toFixed(3) : '';
  const percent = (share: number | undefined): string =>
    share === undefined ? '' : `${(100 * share).toFixed(0)} %`;
  return row([
    name,
    live?.makespan.toFixed(1) ?? '',
    live?.begun.toFixed(1) ?? '',
    live?.planningSeconds.toFixed(1) ?? '',
    percent(live && 1 - live.utilisation),
    String((live ?? simulated)?.switches ?? ''),
    simulated?.makespan.toFixed(1) ?? '',
    live && simulated ? (seconds / simulated.makespan).toFixed(3) : '',
    of,
    percent(live?.load)
  ]);
}

function row(cells: string[]): string {
  return cells.map((cell, index) => (index === 0 ? cell.padEnd(24) : cell.padStart(10))).join('');
}
