import { duration } from '../../model/quantities.js';
import type { Conflict } from '../../wire/messages.js';
import type { ISchedule } from '../schedule/schedule.js';
import type { ConstrainedRelaxation, IRelaxedJob, IWay } from './constrainedRelaxation.js';
import { overloaded } from './makespanBound.js';

/** A constraint missed by no more than this share is met: rounding of sums. */
const ROUNDING = 1e-9;

/** What a schedule takes of all that is limited. */
export interface IResourceUsage {
  deviceSeconds: number;
  cost: number;
}

/**
 * The constraints that a schedule does not meet: why, whether any could, and the least that would have to give way.
 *
 * @param impossible - no schedule meets all constraints together.
 */
export function conflictsOf(
  relaxation: ConstrainedRelaxation,
  schedule: ISchedule,
  usage: IResourceUsage,
  impossible: boolean
): Conflict[] {
  const { problem } = relaxation;
  const fused = new Set(
    schedule.placed.flatMap(({ job, fusion }) => (fusion === undefined ? [] : [problem.jobs[job]!.name]))
  );
  return [
    ...problem.conflicts.filter(({ task }) => !fused.has(task!)),
    ...lateRunning(relaxation, schedule.makespan),
    ...lateJobs(relaxation, schedule, impossible),
    ...crowded(relaxation, schedule),
    ...excess(relaxation, usage, impossible)
  ];
}

/** Whether an end misses a deadline by more than rounding. */
function isLate(end: number, deadline: number, makespan: number): boolean {
  return end > deadline + ROUNDING * Math.max(makespan, deadline);
}

function lateRunning({ problem }: ConstrainedRelaxation, makespan: number): Conflict[] {
  return problem.running
    .filter(({ config, deadline }) => isLate(config.seconds, deadline, makespan))
    .map(({ name, config, deadline }) => {
      const [end, due] = told(config.seconds, deadline);
      return {
        constraint: 'deadline',
        task: name,
        message: `"${name}" runs already and ends after ${end}; its deadline is ${due}.`,
        relax: `A deadline of ${end}, or letting running tasks be moved.`,
        proven: true
      };
    });
}

function lateJobs(
  relaxation: ConstrainedRelaxation,
  { placed, makespan }: ISchedule,
  impossible: boolean
): Conflict[] {
  const { problem, jobs } = relaxation;
  return placed
    .filter(({ job, end }) => isLate(end, problem.jobs[job]!.deadline, makespan))
    .map(({ job, end }): Conflict => {
      const { name, deadline } = problem.jobs[job]!;
      const base = { constraint: 'deadline' as const, task: name };
      const soonest = jobs[job]!.ways[0]!.end;
      if (isLate(soonest, deadline, 0)) {
        const [least, due] = told(soonest, deadline);
        return {
          ...base,
          message: `"${name}" cannot be done before ${least}; the deadline is ${due}.`,
          relax: `A deadline of ${least}.`,
          proven: true
        };
      }
      const [found, due] = told(end, deadline);
      const relax = `A deadline of ${found}, which this plan meets.`;
      if (overloaded(relaxation, deadline)) {
        const rivals = problem.jobs.filter(other => other.deadline <= deadline && other.name !== name);
        const others = rivals.length === 0 ? '' : ` with ${listed(rivals.map(rival => rival.name))}`;
        return {
          ...base,
          message: `"${name}" is done after ${found}; the deadline is ${due}, before which the devices cannot do as much work as "${name}"${others} needs.`,
          relax,
          proven: true
        };
      }
      return {
        ...base,
        message: impossible
          ? `"${name}" is done after ${found}; the deadline is ${due}, and no plan meets all wishes together.`
          : `"${name}" is done after ${found} in the best plan found; the deadline is ${due}.`,
        relax,
        proven: impossible
      };
    });
}

/** More runs at once than allowed: those that run already and go on. */
function crowded({ problem }: ConstrainedRelaxation, { placed }: ISchedule): Conflict[] {
  const { limits, running, jobs } = problem;
  const fixed = running.filter(({ config }) => config.seconds > 0).length;
  const kept = placed.filter(
    ({ job, config, end }) => config === jobs[job]!.current?.config && end > 0
  ).length;
  if (fixed + kept <= limits.concurrent) {
    return [];
  }
  return [
    {
      constraint: 'concurrent',
      message: `${fixed + kept} tasks run already; at most ${limits.concurrent} are to run at once.`,
      relax: `Allow ${fixed + kept} runs at once.`,
      proven: fixed > limits.concurrent
    }
  ];
}

function excess(
  { problem, jobs }: ConstrainedRelaxation,
  usage: IResourceUsage,
  impossible: boolean
): Conflict[] {
  const { limits, running, prices } = problem;
  const least = (price: (way: IWay) => number) => jobs.reduce((sum, job) => sum + leastOf(job, price), 0);
  const conflicts: Conflict[] = [];
  if (usage.deviceSeconds > limits.deviceSeconds * (1 + ROUNDING)) {
    const fixed = running.reduce((sum, { config }) => sum + config.devices * config.seconds, 0);
    const needed = fixed + least(way => way.area);
    const proven = needed > limits.deviceSeconds * (1 + ROUNDING);
    const [made, limit] = told(proven ? needed : usage.deviceSeconds, limits.deviceSeconds);
    conflicts.push({
      constraint: 'device-seconds',
      message: proven
        ? `Any plan takes at least ${made} of device time; at most ${limit} are allowed.`
        : `The plan takes ${made} of device time, the least found; at most ${limit} are allowed.`,
      relax: `A limit of ${told(usage.deviceSeconds, limits.deviceSeconds)[0]} of device time, which this plan keeps.`,
      proven: proven || impossible
    });
  }
  if (usage.cost > limits.cost * (1 + ROUNDING)) {
    const fixed = running.reduce(
      (sum, { config, node }) => sum + config.devices * config.seconds * prices[node]!,
      0
    );
    const needed = fixed + least(way => way.cost);
    const proven = needed > limits.cost * (1 + ROUNDING);
    conflicts.push({
      constraint: 'cost',
      message: proven
        ? `Any plan costs at least ${money(needed)}; at most ${money(limits.cost)} is allowed.`
        : `The plan costs ${money(usage.cost)}, the least found; at most ${money(limits.cost)} is allowed.`,
      relax: `A limit of ${money(usage.cost)}, which this plan keeps.`,
      proven: proven || impossible
    });
  }
  return conflicts;
}

function leastOf({ ways }: IRelaxedJob, price: (way: IWay) => number): number {
  return ways.reduce((least, way) => Math.min(least, price(way)), Infinity);
}

/** Two times that differ, in words that differ. */
function told(a: number, b: number): [string, string] {
  const short: [string, string] = [duration(a), duration(b)];
  return short[0] === short[1] ? [`${Number(a.toPrecision(10))} s`, `${Number(b.toPrecision(10))} s`] : short;
}

function money(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function listed(names: string[]): string {
  const quoted = names.map(name => `"${name}"`);
  return quoted.length <= 3 ? quoted.join(', ') : `${quoted.length} other tasks due by then`;
}
