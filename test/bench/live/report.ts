import type { IHistory } from '../simulation/history.js';
import type { ILiveRun } from './play.js';

/** A policy in a setting: how it went, and how the simulator says it would. */
export interface IResult {
  setting: string;
  policy: string;
  live?: ILiveRun;
  simulated?: IHistory;
  /** Why there is no run. */
  refused?: string;
}

/** Of the policy that others are compared with. */
export const REFERENCE = 'current practice';

const HEADS = ['seconds', 'before', 'idle', 'switches', 'simulated', 'ratio', 'faster'];

/** One line a policy, under the name of its setting. */
export function table(results: readonly IResult[]): string[] {
  const lines = [row(['', ...HEADS])];
  for (const setting of new Set(results.map(result => result.setting))) {
    const rows = results.filter(result => result.setting === setting);
    const reference = rows.find(({ policy }) => policy === REFERENCE)?.live;
    lines.push(setting, ...rows.map(result => line(result, reference)));
  }
  return lines;
}

/** What the columns are. */
export const LEGEND = [
  'Seconds from the wish to train to the end of the last task; those before training began (measuring, planning);',
  'share of device time from then on in which no step was made; moves of running tasks; what the simulator says;',
  'training by what it says; how many times as fast as current practice.'
];

function line({ policy, live, simulated, refused }: IResult, reference: ILiveRun | undefined): string {
  if (live === undefined) {
    return `  ${policy.padEnd(22)}${refused}`;
  }
  return row([
    `  ${policy}`,
    live.makespan.toFixed(1),
    live.begun.toFixed(1),
    `${(100 * (1 - live.utilisation)).toFixed(0)} %`,
    String(live.switches),
    simulated?.makespan.toFixed(1) ?? '',
    simulated ? ((live.makespan - live.begun) / simulated.makespan).toFixed(3) : '',
    reference ? `${(reference.makespan / live.makespan).toFixed(2)}x` : ''
  ]);
}

function row(cells: string[]): string {
  return cells.map((cell, index) => (index === 0 ? cell.padEnd(22) : cell.padStart(11))).join('');
}
