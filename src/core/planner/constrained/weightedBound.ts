import type { ConstrainedRelaxation, IRelaxedJob, IWay } from './constrainedRelaxation.js';
import { boundByPrices, type IDemand } from './timePrices.js';

/** What sums of many floating-point numbers may be off by, as a share. */
const ROUNDING = 1e-9;

/**
 * No plan has a smaller sum of weight times end. Three relaxations, the best of which counts: every job as if it
 * were alone; all jobs' work poured onto the devices as onto one fast machine; the same with each set of lanes for
 * devices, jobs that need none of them alone.
 *
 * On the fast machine it is mean busy times that are small when work goes in the order of weight over work, the best
 * of the jobs that may begin at any time (Eastman, Even and Isaacs, Management Science 11, 1964; with releases,
 * Goemans et al., SIAM J. Discrete Math. 15, 2002). A run is half its own time longer in coming to its end.
 *
 * They hold for jobs that change strategy and place while they run as well.
 */
export function weightedBound({ jobs, freeAt, lanes, problem }: ConstrainedRelaxation): number {
  const bounds = [
    alone(jobs),
    poured(jobs, freeAt, way => way.area),
    ...lanes.map((free, set) => {
      const inLanes = jobs.filter(job => job.lanes.includes(set));
      const others = jobs.filter(job => !job.lanes.includes(set));
      return poured(inLanes, free, way => way.laneSeconds) + alone(others);
    })
  ];
  return (fixedEnds(problem) + Math.max(...bounds)) * (1 - ROUNDING);
}

function alone(jobs: IRelaxedJob[]): number {
  return jobs.reduce((sum, { ways, weight }) => sum + weight * ways[0]!.end, 0);
}

function poured(jobs: IRelaxedJob[], machines: number[], price: (way: IWay) => number): number {
  const halves = jobs.reduce(
    (sum, { ways, weight }) => sum + (weight * least(ways, way => way.seconds)) / 2,
    0
  );
  const work = jobs.map(({ ways, weight }) => ({
    work: least(ways, price),
    release: least(ways, way => way.head),
    weight
  }));
  return halves + leastBusy(machines, work);
}

/** The way a job takes, and when it begins. */
export interface IStartedJob {
  job: number;
  way: IWay;
  begin: number;
}

/**
 * The same for plans in which every job is done in one go, which chooses time and work of each together.
 *
 * @param plan - some plan.
 * @param onBetter - called with what jobs would do if they only had to keep to prices: the better these, the more
 * nearly that is a plan.
 */
export function uninterruptedBound(
  { jobs, freeAt, problem }: ConstrainedRelaxation,
  plan: { weighted: number; makespan: number },
  onBetter: (begun: IStartedJob[]) => void
): number {
  const kinds = new Map<string, { demand: IDemand; members: number[] }>();
  for (const [job, { ways, weight }] of jobs.entries()) {
    const courses = ways.map(({ head, seconds, area }) => ({
      head,
      seconds,
      devices: seconds > 0 ? area / seconds : 0
    }));
    const key = JSON.stringify([weight, courses]);
    const known = kinds.get(key);
    if (known === undefined) {
      kinds.set(key, { demand: { count: 1, weight, courses }, members: [job] });
    } else {
      known.demand.count++;
      known.members.push(job);
    }
  }
  const all = [...kinds.values()];
  const fixed = fixedEnds(problem);
  const bound = boundByPrices(
    freeAt,
    all.map(({ demand }) => demand),
    { ...plan, weighted: plan.weighted - fixed },
    choices =>
      onBetter(
        choices.flatMap(({ course, begin }, kind) =>
          all[kind]!.members.map(job => ({ job, way: jobs[job]!.ways[course]!, begin }))
        )
      )
  );
  return (fixed + bound) * (1 - ROUNDING);
}

function fixedEnds({ running }: ConstrainedRelaxation['problem']): number {
  return running.reduce((sum, { config, weight }) => sum + weight * config.seconds, 0);
}

function least(ways: IWay[], value: (way: IWay) => number): number {
  return ways.reduce((smallest, way) => Math.min(smallest, value(way)), Infinity);
}

/** The least sum of weight times mean busy time, machines working together on any job from its release on. */
function leastBusy(freeAt: number[], jobs: { work: number; release: number; weight: number }[]): number {
  const order = [...jobs].sort((a, b) => b.weight * a.work - a.weight * b.work);
  const left = order.map(({ work }) => work);
  const events = [...new Set([...freeAt, ...jobs.map(({ release }) => release)])].sort((a, b) => a - b);
  let sum = order.reduce((total, { work, release, weight }) => total + (work > 0 ? 0 : weight * release), 0);
  let time = 0;
  let event = 0;
  let open = order.filter(({ work }) => work > 0).length;
  while (open > 0) {
    while (event < events.length && events[event]! <= time) {
      event++;
    }
    const next = events[event] ?? Infinity;
    const rate = freeAt.reduce((count, free) => (free <= time ? count + 1 : count), 0);
    const job = order.findIndex(({ release }, i) => left[i]! > 0 && release <= time);
    if (job < 0 || rate === 0) {
      time = next;
      continue;
    }
    const { weight, work } = order[job]!;
    const until = time + left[job]! / rate;
    const end = Math.min(next, until);
    sum += (weight * rate * (end - time) * (end + time)) / 2 / work;
    left[job] = until <= next ? 0 : left[job]! - rate * (end - time);
    open -= left[job]! > 0 ? 0 : 1;
    left[job] = Math.max(0, left[job]!);
    time = end;
  }
  return sum;
}
