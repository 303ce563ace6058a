import { below, type Random } from '../common/random.js';
import type { IProblem } from '../problem/problem.js';
import { KEPT } from '../schedule/arrangement.js';
import { Decoder } from './decoder.js';
import { copySequence, type IRunSequence, setActive } from './runSequence.js';
import type { IRun } from './runTable.js';

/** A sequence with what it amounts to. */
export interface IMeasured {
  sequence: IRunSequence;
  /** By how much constraints are missed, in seconds. */
  violation: number;
  objective: number;
}

/** Ends aimed at, as multiples of the lower bound; Infinity: as little device time as possible. */
const TARGETS = [1, 1.05, 1.1, 1.2, 1.35, 1.6, 2, 3, Infinity];

/** Runs times nodes above which only the first targets are tried. */
const LARGE = 5000;

/** The greater comes first. */
type Priority = (run: IRun, devices: number, seconds: number) => number;

/**
 * Longest processing time, most work, widest; earliest due date, least slack; and what Smith (1956) showed best for
 * weighted ends on one machine, weight over time or over work.
 */
const PRIORITIES: Priority[] = [
  (_, __, seconds) => seconds,
  (_, devices, seconds) => devices * seconds,
  (_, devices) => devices,
  ({ deadline }) => -deadline,
  ({ deadline }, _, seconds) => seconds - deadline,
  ({ weight }, _, seconds) => weight / seconds,
  ({ weight }, devices, seconds) => weight / (devices * seconds)
];

/**
 * Good sequences at once: for each of a series of ends to aim at, every run takes the configuration that costs the
 * fewest device-seconds among those fast enough, in time for its deadline; priority rules put them in order.
 *
 * @returns the best found.
 */
export function construct(problem: IProblem, runs: IRun[], bound: number): IMeasured {
  const decoder = new Decoder(problem, runs);
  const rules = PRIORITIES.filter((_, i) => i < 3 || (i < 5 ? hasDeadlines(runs) : problem.weighted));
  const firsts = [
    () => 0,
    ...(runs.some(run => run.release > 0) ? [(run: IRun) => -run.release] : []),
    ...(runs.some(isChoosy) ? [(run: IRun) => (isChoosy(run) ? 1 : 0)] : [])
  ];
  let best: IMeasured | undefined;
  const targets = runs.length * problem.nodes.length > LARGE ? TARGETS.slice(0, 3) : TARGETS;
  for (const fuse of problem.fusions.length > 0 ? [false, true] : [false]) {
    let previous: string | undefined;
    for (const target of targets) {
      const config = runs.map(run => cheapestWithin(run, bound * target));
      const key = config.join();
      if (key === previous) {
        continue;
      }
      previous = key;
      for (const priority of rules) {
        for (const first of firsts) {
          const sequence = emptySequence(problem, runs, config, fuse);
          sequence.order = ordered(runs, config, priority, first);
          decoder.settle(sequence);
          best = better(best, { sequence, violation: decoder.violation, objective: decoder.objective });
        }
      }
    }
  }
  return best!;
}

/** The better of two: constraints first. */
export function better(a: IMeasured | undefined, b: IMeasured): IMeasured {
  return a === undefined ||
    b.violation < a.violation ||
    (b.violation === a.violation && b.objective < a.objective)
    ? b
    : a;
}

/** What people do without a planner, where constraints couple jobs: each task as wide as it can be, and so on. */
export function simpleSequences(
  problem: IProblem,
  runs: IRun[],
  random: Random
): { name: 'max' | 'min' | 'random' | 'current-practice'; sequence: IRunSequence }[] {
  const decoder = new Decoder(problem, runs);
  const drawn = runs.map(({ configs }) => below(random, configs.length));
  const shuffled = runs.map((_, run) => run);
  for (let i = shuffled.length - 1; i > 0; i--) {
    const other = below(random, i + 1);
    [shuffled[i], shuffled[other]] = [shuffled[other]!, shuffled[i]!];
  }
  const given = runs.map((_, run) => run);
  const widest = runs.map(({ configs }) => pickBy(configs, config => -config.devices));
  const narrowest = runs.map(({ configs }) => pickBy(configs, config => config.devices));
  const fastest = runs.map(({ configs }) => pickBy(configs, config => config.seconds));
  const longestFirst = ordered(runs, fastest, (_, __, seconds) => seconds);
  return [
    { name: 'max' as const, config: widest, order: given },
    { name: 'min' as const, config: narrowest, order: given },
    { name: 'random' as const, config: drawn, order: shuffled },
    { name: 'current-practice' as const, config: fastest, order: longestFirst }
  ].map(({ name, config, order }) => {
    const sequence = { ...emptySequence(problem, runs, config, false), order };
    decoder.settle(sequence);
    return { name, sequence: copySequence(sequence) };
  });
}

/** Nothing ordered, no nodes chosen; running jobs go on. */
function emptySequence(problem: IProblem, runs: IRun[], config: number[], fuse: boolean): IRunSequence {
  const sequence: IRunSequence = {
    order: runs.map((_, run) => run),
    config: config.map((choice, run) => (runs[run]!.current === undefined ? choice : KEPT)),
    nodes: runs.map(() => []),
    active: runs.map(({ fusion }) => fusion === undefined)
  };
  for (let run = problem.jobs.length; fuse && run < runs.length; run++) {
    if (runs[run]!.rivals.every(rival => runs[rival]!.fusion === undefined || !sequence.active[rival])) {
      setActive(runs, sequence, run, true);
    }
  }
  return sequence;
}

/** By a first and then a second priority. */
function ordered(
  runs: IRun[],
  config: number[],
  priority: Priority,
  first: (run: IRun) => number = () => 0
): number[] {
  const value = runs.map((run, index) => {
    const { devices, seconds } = run.configs[config[index]!]!;
    return priority(run, devices, seconds);
  });
  return runs
    .map((_, run) => run)
    .sort((a, b) => first(runs[b]!) - first(runs[a]!) || compare(value[b]!, value[a]!) || a - b);
}

/** As a difference would, but for infinite numbers as well. */
function compare(a: number, b: number): number {
  return a === b || Number.isNaN(a) || Number.isNaN(b) ? 0 : a < b ? -1 : 1;
}

/** The configuration with the least device-seconds among those done by `target` and in time; else the fastest. */
function cheapestWithin({ configs, release, deadline }: IRun, target: number): number {
  const latest = Math.min(Math.max(target, release + fastestOf(configs)), deadline);
  return pickBy(configs, ({ devices, seconds }) =>
    release + seconds <= latest ? devices * seconds : Infinity
  );
}

function fastestOf(configs: IRun['configs']): number {
  return configs.reduce((least, { seconds }) => Math.min(least, seconds), Infinity);
}

/** Index of the configuration with the least value; of equal ones the fastest. */
function pickBy(configs: IRun['configs'], value: (config: IRun['configs'][number]) => number): number {
  let best = 0;
  for (let i = 1; i < configs.length; i++) {
    const [own, least] = [value(configs[i]!), value(configs[best]!)];
    if (own < least || (own === least && configs[i]!.seconds < configs[best]!.seconds)) {
      best = i;
    }
  }
  return best;
}

/** Whether a run may not use any device: those that may leave it theirs when they come later. */
function isChoosy({ configs }: IRun): boolean {
  return configs.every(({ nodes, among }) => nodes !== undefined || among !== undefined);
}

function hasDeadlines(runs: IRun[]): boolean {
  return runs.some(({ deadline }) => deadline < Infinity);
}
