import { isMeasuredFor } from '../../model/deviceModels.js';
import { strategyKey } from '../../model/strategy.js';
import type { Segment } from '../../wire/messages.js';
import type { IProblem } from '../problem/problem.js';
import { goesOn, longestSegments } from '../replan/previousPlan.js';
import { KEPT } from '../schedule/arrangement.js';
import type { ISchedule } from '../schedule/schedule.js';
import { Decoder, type PreferredDevices } from './decoder.js';
import { type IRunSequence, setActive } from './runSequence.js';
import type { IRun } from './runTable.js';

/** Placements that trying all places for all new runs may cost; beyond, they are only put at the end. */
const LARGEST = 5_000_000;

/** A sequence that follows an earlier plan, and the devices that plan used. */
export interface IFollowed {
  sequence: IRunSequence;
  wanted: PreferredDevices;
}

/** A sequence that places jobs as a schedule does: replaying it starts none of them later. */
export function sequenceOf(problem: IProblem, runs: IRun[], { placed }: ISchedule): IRunSequence {
  const sequence = emptySequence(runs);
  const { jobs } = problem;
  const seen = new Set<number>();
  const inTurn = [...placed].sort(
    (a, b) => a.start - b.start || (jobs[a.job]!.name < jobs[b.job]!.name ? -1 : 1)
  );
  for (const { job, config, node, elsewhere = [], fusion } of inTurn) {
    const run =
      fusion === undefined ? job : runs.findIndex(own => own.fusion === fusion && own.jobs.includes(job));
    const own = runs[run];
    if (own === undefined || seen.has(run)) {
      continue;
    }
    seen.add(run);
    sequence.order.push(run);
    const index = own.configs.indexOf(config);
    if (config === jobs[job]!.current?.config) {
      sequence.config[run] = KEPT;
    } else if (index >= 0) {
      sequence.config[run] = index;
      sequence.nodes[run] = [node, ...elsewhere.map(share => share.node)];
    }
    if (fusion !== undefined) {
      setActive(runs, sequence, run, true);
    }
  }
  sequence.order.push(...[...runs.keys()].filter(run => !seen.has(run)));
  return sequence;
}

/**
 * Follow an earlier plan as far as it still goes: runs keep strategy, nodes, order and devices. Running tasks it does
 * not know go on; others it does not know, or has put where they cannot run any more, are put in where they do the
 * least harm.
 */
export function followPrevious(problem: IProblem, runs: IRun[], previous: readonly Segment[]): IFollowed {
  const sequence = emptySequence(runs);
  const wanted: PreferredDevices = [];
  const segments = longestSegments(previous);
  const starts = new Map<number, number>();
  for (const [run, { fusion, jobs }] of runs.entries()) {
    const own = jobs.map(job => segments.get(problem.jobs[job]!.name));
    const first = own[0];
    if (first === undefined || own.some(segment => segment?.fusion !== fusion)) {
      continue;
    }
    if (goesOn(problem, problem.jobs[jobs[0]!]!, first)) {
      sequence.config[run] = KEPT;
      starts.set(run, 0);
    } else if (follow(problem, runs[run]!, run, first, sequence, wanted)) {
      starts.set(run, first.start);
    }
    if (fusion !== undefined && starts.has(run)) {
      setActive(runs, sequence, run, true);
    }
  }
  const name = (run: number) => problem.jobs[runs[run]!.jobs[0]!]!.name;
  sequence.order = [...starts.keys()].sort(
    (a, b) => starts.get(a)! - starts.get(b)! || (name(a) < name(b) ? -1 : 1)
  );
  const fresh: number[] = [];
  for (const [run, { current }] of runs.entries()) {
    if (!starts.has(run) && sequence.active[run]) {
      if (current === undefined) {
        fresh.push(run);
      } else {
        sequence.config[run] = KEPT;
        sequence.order.push(run);
      }
    }
  }
  insertAll(problem, runs, sequence, fresh);
  sequence.order.push(...[...runs.keys()].filter(run => !sequence.order.includes(run)));
  return { sequence, wanted };
}

function emptySequence(runs: IRun[]): IRunSequence {
  return {
    order: [],
    config: runs.map(() => 0),
    nodes: runs.map(() => []),
    active: runs.map(({ fusion }) => fusion === undefined)
  };
}

/** Give a run the strategy, nodes and devices of its segment, or the widest strategy that needs no more devices. */
function follow(
  problem: IProblem,
  { configs, sites }: IRun,
  run: number,
  { strategy, node, devices, elsewhere = [] }: Segment,
  { config, nodes }: IRunSequence,
  wanted: PreferredDevices
): boolean {
  const shares = [{ node, devices }, ...elsewhere];
  const places = shares.map(share => problem.nodes.findIndex(({ id }) => id === share.node));
  const fits = (index: number) =>
    (configs[index]!.span ?? 1) === places.length && places.every(place => sites[index]!.includes(place));
  const key = strategyKey(strategy);
  const all = [...configs.keys()];
  const choice =
    all.find(index => {
      const { option } = configs[index]!;
      const isSame = strategyKey(option.strategy) === key && fits(index);
      return isSame && shares.every(share => isMeasuredFor(option, share));
    }) ?? all.findLast(index => configs[index]!.devices <= strategy.devices && fits(index));
  if (choice === undefined) {
    return false;
  }
  config[run] = choice;
  nodes[run] = places;
  wanted[run] = new Map(
    shares.map((share, i) => {
      const names = problem.nodes[places[i]!]!.devices;
      return [places[i]!, share.devices.map(id => names.indexOf(id)).filter(device => device >= 0)];
    })
  );
  return true;
}

/** Put in runs where they do the least harm, those that need most first. */
function insertAll(problem: IProblem, runs: IRun[], sequence: IRunSequence, fresh: number[]): void {
  const decoder = new Decoder(problem, runs);
  const area = (run: number) =>
    runs[run]!.configs.reduce((least, { devices, seconds }) => Math.min(least, devices * seconds), Infinity);
  const tries = fresh.reduce((sum, run) => sum + runs[run]!.configs.length, 0);
  const everywhere = tries * (sequence.order.length + fresh.length) ** 2 <= LARGEST;
  for (const run of [...fresh].sort((a, b) => area(b) - area(a) || a - b)) {
    const { order } = sequence;
    let best = { violation: Infinity, cost: Infinity, place: order.length, config: 0 };
    for (const config of runs[run]!.configs.keys()) {
      sequence.config[run] = config;
      for (let place = everywhere ? 0 : order.length; place <= order.length; place++) {
        decoder.decode({ ...sequence, order: [...order.slice(0, place), run, ...order.slice(place)] });
        const { violation, objective, spent } = decoder;
        const cost = objective + spent / problem.deviceCount;
        if (violation < best.violation || (violation === best.violation && cost < best.cost)) {
          best = { violation, cost, place, config };
        }
      }
    }
    sequence.config[run] = best.config;
    order.splice(best.place, 0, run);
    decoder.settle(sequence);
  }
}
