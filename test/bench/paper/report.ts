import { ERROR, type Point, type Policy5, type Policy8, type Row } from './figures.js';
import { TABLE_5 } from './published.js';

/** Ours and the paper's hours differ visibly when they are further apart than this share. */
const VISIBLE = 0.15;

/** Why a policy's hours may differ from the paper's, beyond profiles that are not the paper's. */
const REASONS: Partial<Record<Policy5 | Policy8, string>> = {
  random:
    'what is random: ours is the mean of ten plans with all nodes as likely, the paper’s of three with nodes by size.',
  min: 'the order of tasks: two long ones end up after one another on a device or do not; with two or more devices a task our Min is exact.',
  max: 'the node a task gets: ours is the one where it is done first, the paper deals tasks at random.',
  current: 'the node a task gets: ours is the one where it is done first, longest task first.',
  greedy:
    'the listing: as printed it leaves every task on its fewest devices when a node has as many tasks as devices. The paper’s bars are near Max there, so its program must do something else.',
  static:
    'the listing: as printed it leaves every task on its fewest devices when a node has as many tasks as devices. The paper’s bars are near Current there, so its program must do something else.',
  dynamic:
    'what it may do: ours shares out devices whenever a task ends and weighs what a move costs; the paper’s is called every 1000 s.',
  saturn:
    'the solver: the paper’s MILP ran for 5 minutes and had no bound; its real runs also include the trials.'
};

const NAMES: Record<Policy5 | Policy8, string> = {
  random: 'Random',
  min: 'Min',
  max: 'Max',
  greedy: 'Optimus*',
  saturn: 'Saturn',
  bound: 'bound',
  current: 'Current',
  static: 'Opt-Static',
  dynamic: 'Opt-Dynamic',
  oneShot: 'one shot',
  weighed: 'weighed',
  planned: 'planned'
};

/** A figure's table: our hours, the paper's in brackets, and how many times as fast as `reference` the last ones are. */
export function rowsTable<P extends Policy5 | Policy8>(rows: Row<P>[], columns: P[], reference: P): string[] {
  const width = 15;
  const head = ['', ...columns.map(column => NAMES[column])];
  const speedUp = (row: Record<P, number> | Row<P>['paper']) => {
    const [slow, fast] = [row[reference], row['saturn' as P]];
    return slow === undefined || fast === undefined ? '' : `${(slow / fast).toFixed(2)}x`;
  };
  return [
    line([...head, `vs ${NAMES[reference]}`], width),
    ...rows.map(({ setting, ours, paper }) =>
      line(
        [
          setting,
          ...columns.map(column => `${ours[column].toFixed(1)}${bracket(paper[column]?.toFixed(1))}`),
          `${speedUp(ours)}${bracket(speedUp(paper))}`
        ],
        width
      )
    )
  ];
}

/** What agrees with the paper and what does not, in sentences made from the numbers. */
export function differences<P extends Policy5 | Policy8>(rows: Row<P>[]): string[] {
  let pairs = 0;
  const turned: string[] = [];
  const off = new Map<P, string[]>();
  for (const { setting, ours, paper } of rows) {
    const known = Object.keys(paper) as P[];
    for (const [i, a] of known.entries()) {
      const ratio = ours[a] / paper[a]!;
      if (Math.abs(ratio - 1) > VISIBLE) {
        off.set(a, [...(off.get(a) ?? []), `${setting} ${percent(ratio - 1)}`]);
      }
      for (const b of known.slice(i + 1)) {
        pairs++;
        if ((ours[a] - ours[b]) * (paper[a]! - paper[b]!) < 0) {
          turned.push(`${NAMES[a]}/${NAMES[b]} on ${setting}`);
        }
      }
    }
  }
  return [
    `Order: ${pairs - turned.length} of ${pairs} pairs of policies come out as in the paper.`,
    ...(turned.length > 0 ? [`  The other way round: ${turned.join(', ')}.`] : []),
    ...[...off].map(
      ([policy, list]) =>
        `  ${NAMES[policy]} is off: ${list.join(', ')}. Reason: ${REASONS[policy] ?? 'the profile.'}`
    )
  ];
}

/** Figure 7 as a table. */
export function pointsTable(points: Point[]): string[] {
  const cell = ({ hours, switches }: Point['free']) => `${hours.toFixed(2)} h, ${switches.toFixed(0)} sw.`;
  return [
    line(['', 'paper', 'costs nothing', 'costs and errors'], 20),
    ...points.map(({ knob, seconds, paper, free, real }) =>
      line([`${knob} ${seconds} s`, `${paper.toFixed(2)} h`, cell(free), cell(real)], 20)
    )
  ];
}

/** Figure 7 in sentences. */
export function pointsSummary(points: Point[]): string[] {
  const sentences: string[] = [];
  for (const knob of ['interval', 'threshold'] as const) {
    const own = points.filter(point => point.knob === knob);
    const gain = (pick: (point: Point) => number) => {
      const values = own.map(pick);
      return percent(Math.min(...values) / Math.max(...values) - 1);
    };
    const best = own.reduce((a, b) => (b.real.hours < a.real.hours ? b : a));
    sentences.push(
      `From the worst ${knob} to the best: paper ${gain(({ paper }) => paper)}, ours ${gain(({ free }) => free.hours)}` +
        ` when switches cost nothing, ${gain(({ real }) => real.hours)} with costs and errors; best with costs: ${best.seconds} s.`
    );
  }
  sentences.push(
    'Looking again has less to mend here: the paper’s one-shot plan leaves much idle, ours is already close to its bound.'
  );
  return sentences;
}

/** Table 5: hours, and how much faster than the first row, ours and the paper's. */
export function ablationTable(hours: Record<keyof typeof TABLE_5 | 'planned', number>): string[] {
  const labels: Record<keyof typeof hours, string> = {
    base: 'FSDP with offload on 4 GPUs each, random order',
    order: '+ order by the planner',
    allocation: '+ GPU counts by the planner',
    parallelism: '+ parallelism by the planner',
    introspection: '+ introspection (1000 s, 500 s)',
    planned: '  instead of it, switches planned ahead'
  };
  const entries = Object.entries(hours) as [keyof typeof hours, number][];
  return entries.map(([step, value]) => {
    const paper = step === 'planned' ? '' : `(${TABLE_5[step].toFixed(2)}x)`;
    return `${labels[step].padEnd(48)}${value.toFixed(1).padStart(6)} h ${(hours.base / value).toFixed(2)}x ${paper}`;
  });
}

/** What the columns of figure 8 are. */
export const LEGEND_8 = [
  `Simulated with switch costs and profiles that are ${100 * ERROR} % off, three draws. Saturn: looks every 1000 s and`,
  'changes its plan for a gain of 500 s, as in the paper. One shot: never looks again. Weighed: our own re-planning,',
  'which weighs every switch by its cost and risk. Planned: tasks may also be switched ahead of need.'
];

function bracket(text: string | undefined): string {
  return text === undefined || text === '' ? '' : ` (${text})`;
}

function percent(share: number): string {
  return `${share < 0 ? '−' : '+'}${Math.abs(100 * share).toFixed(0)} %`;
}

function line(cells: string[], width: number): string {
  return cells.map((cell, i) => (i === 0 ? cell.padEnd(width) : cell.padStart(width))).join('');
}
