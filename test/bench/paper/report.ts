import { ERROR, ERRORS, type IPoint, type IRow, type Policy5, type Policy8 } from './figures.js';
import { TABLE_5 } from './published.js';

/** Ours and the paper's hours differ visibly when they are further apart than this share. */
const VISIBLE = 0.15;

const LISTING =
  'the listing, which leaves every task on its fewest devices where a node has as many tasks as devices. The paper’s ' +
  'bars are near those of a task at a time there, so its program must do something that the listing does not say';

/** Width of the text. */
const COLUMNS = 118;

/** Why a policy's hours may differ from the paper's, beyond profiles that are not the paper's. */
const REASONS: Partial<Record<Policy5 | Policy8, string>> = {
  random:
    'the draw: a task that gets a single GPU and has to spill sets the end. Ours is the mean of ten plans, the paper’s of three',
  min: 'the order of tasks, which decides whether two long ones follow each other on a GPU; ours is that of the grid',
  max: 'the choice of nodes: ours takes tasks as listed to the node that is done first, the paper deals them at random',
  current:
    'the choice of nodes: ours takes the longest task first to the node that is done first, so small nodes help',
  greedy: LISTING,
  static: LISTING,
  dynamic:
    'what it may do: ours shares out the devices of a node whenever a task ends and weighs what moving costs, ' +
    'the paper’s is called every 1000 s',
  saturn:
    'where ours is shorter, the search (the paper stops its MILP after 5 minutes; its real runs include the trials), ' +
    'and where it is longer, the profile: see the bound'
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
export function rowsTable<P extends Policy5 | Policy8>(
  rows: IRow<P>[],
  columns: P[],
  reference: P
): string[] {
  const width = 15;
  const head = ['', ...columns.map(column => NAMES[column])];
  const speedUp = (row: Record<P, number> | IRow<P>['paper']) => {
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
export function differences<P extends Policy5 | Policy8>(rows: IRow<P>[]): string[] {
  let pairs = 0;
  const turned = new Map<string, string[]>();
  let reversed = 0;
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
          const pair = `${NAMES[a]} and ${NAMES[b]}`;
          turned.set(pair, [...(turned.get(pair) ?? []), setting]);
          reversed++;
        }
      }
    }
  }
  return [
    `Order: ${pairs - reversed} of ${pairs} pairs of policies come out as in the paper.`,
    ...[...turned].flatMap(([pair, list]) => wrapped(`${pair} change places on ${list.join(', ')}.`)),
    ...[...off].flatMap(([policy, list]) =>
      wrapped(`${NAMES[policy]} differs: ${list.join(', ')}. It is ${REASONS[policy] ?? 'the profile'}.`)
    )
  ];
}

/** A sentence over several lines. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  let line = ' -';
  for (const word of text.split(' ')) {
    if (line.length + word.length >= COLUMNS) {
      lines.push(line);
      line = '  ';
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

/** Figure 7 as a table. */
export function pointsTable(points: IPoint[]): string[] {
  const cell = ({ hours, switches }: IPoint['free']) => `${hours.toFixed(2)} h, ${switches.toFixed(0)} sw.`;
  return [
    line(['', 'paper', 'costs nothing', ...ERRORS.map(error => `costs, ${100 * error} % off`)], 20),
    ...points.map(({ knob, seconds, paper, free, real }) =>
      line([`${knob} ${seconds} s`, `${paper.toFixed(2)} h`, cell(free), ...real.map(cell)], 20)
    )
  ];
}

/** Figure 7 in sentences. */
export function pointsSummary(points: IPoint[]): string[] {
  const columns: [string, (point: IPoint) => number][] = [
    ['the paper’s', ({ paper }) => paper],
    ['ours when switches cost nothing', ({ free }) => free.hours],
    ...ERRORS.map((error, i): [string, (point: IPoint) => number] => [
      `ours with costs and profiles ${100 * error} % off`,
      ({ real }) => real[i]!.hours
    ])
  ];
  return columns.flatMap(([name, pick]) => {
    const hours = points.map(pick);
    const best = points[hours.indexOf(Math.min(...hours))]!;
    const gain = 1 - Math.min(...hours) / Math.max(...hours);
    return wrapped(
      `Between the worst setting and the best lie ${(100 * gain).toFixed(0)} % of ${name}; best: ${best.knob} ${best.seconds} s.`
    );
  });
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
