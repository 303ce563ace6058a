import type { IProblem } from '../problem/problem.js';
import type { IPlaced, ISchedule } from '../schedule/schedule.js';
import { ListSchedule } from './listSchedule.js';
import { WholeNodes } from './wholeNode.js';

/** Turns in which a task is trained; four early looks at every learning curve. */
const TURNS = 4;

/** Two turns of a task are one when what lies between them takes less than this share of the whole. */
const NEGLIGIBLE = 1e-6;

/** What one job does when it is its turn. */
interface ITurn extends Pick<IPlaced, 'job' | 'config' | 'node' | 'devices'> {
  steps: number;
}

/**
 * Every task in turn for a quarter of its steps on all devices of a node that it can use, as tools do that want to
 * compare learning curves early. Each turn pays the start, and all but a task's last pay the checkpoint.
 */
export function roundRobin(problem: IProblem): ISchedule {
  const whole = new ListSchedule(problem);
  const fixed = whole.schedule().placed.length;
  const begin = whole.free.map((_, node) => whole.readyAt(node));
  let makespan = begin.reduce((latest, time) => Math.max(latest, time), 0);
  const nodes = new WholeNodes(whole);
  for (const job of whole.waiting) {
    nodes.place(job, node => whole.frontOn(job, node).at(-1));
  }
  const all = whole.schedule();
  const placed = all.placed.slice(0, fixed);
  for (const node of problem.nodes.keys()) {
    const own = all.placed.slice(fixed).filter(candidate => candidate.node === node);
    const stretches = inTurn(problem, own, begin[node]!, all.makespan);
    placed.push(...stretches);
    makespan = stretches.reduce((latest, { end }) => Math.max(latest, end), makespan);
  }
  return { placed, makespan };
}

/** The turns of one node, one after another. */
function inTurn(problem: IProblem, jobs: IPlaced[], begin: number, length: number): IPlaced[] {
  let turns: ITurn[] = [];
  for (let round = 0; round < TURNS; round++) {
    for (const { job, config, node, devices } of jobs) {
      const total = problem.jobs[job]!.steps;
      const steps = upTo(round + 1, total) - upTo(round, total);
      if (steps > 0 || (total === 0 && round === 0)) {
        turns.push({ job, config, node, devices, steps });
      }
    }
  }
  for (;;) {
    const stretches = timed(problem, turns, begin);
    const joined = join(turns, stretches, NEGLIGIBLE * Math.max(length, stretches.at(-1)?.end ?? 0));
    if (joined.length === turns.length) {
      return stretches;
    }
    turns = joined;
  }
}

function timed(problem: IProblem, turns: ITurn[], begin: number): IPlaced[] {
  const last = new Map(turns.map(({ job }, i) => [job, i]));
  const first = new Map([...turns.entries()].reverse().map(([i, { job }]) => [job, i]));
  let now = begin;
  return turns.map((turn, i) => {
    const { startSeconds, stopSeconds = 0, stepSeconds } = turn.config.option;
    const leaving = first.get(turn.job) === i ? problem.jobs[turn.job]!.leaving : 0;
    const overhead = leaving + startSeconds + (last.get(turn.job) === i ? 0 : stopSeconds);
    const start = now;
    now += overhead + turn.steps * stepSeconds;
    return { ...turn, start, end: now, overhead };
  });
}

/** Steps done after so many turns. */
function upTo(turns: number, total: number): number {
  return Math.round((total * turns) / TURNS);
}

/** A turn that follows another of the same job at once only makes that longer. */
function join(turns: ITurn[], stretches: IPlaced[], negligible: number): ITurn[] {
  const joined: ITurn[] = [];
  const before = new Map<number, { turn: ITurn; end: number }>();
  for (const [i, turn] of turns.entries()) {
    const { start, end } = stretches[i]!;
    const earlier = before.get(turn.job);
    if (earlier !== undefined && start <= earlier.end + negligible) {
      earlier.turn.steps += turn.steps;
      earlier.end = end;
    } else {
      const kept = { ...turn };
      before.set(turn.job, { turn: kept, end });
      joined.push(kept);
    }
  }
  return joined;
}
