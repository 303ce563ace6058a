import type { Problem } from '../problem.js';
import type { Placed, Schedule } from '../schedule/schedule.js';
import { Ground } from './ground.js';
import { WholeNodes } from './wholeNode.js';

/** Turns in which a task is trained; four early looks at every learning curve. */
const TURNS = 4;

/** A job that takes less than this share of the whole schedule has one turn: too short to stand between two others. */
const NEGLIGIBLE = 1e-6;

/** What one job does when it is its turn. */
interface Turn extends Pick<Placed, 'job' | 'config' | 'node' | 'devices'> {
  steps: number;
}

/**
 * Every task in turn for a quarter of its steps on all devices of a node that it can use, as tools do that want to
 * compare learning curves early. Each turn pays the start, and all but a task's last pay the checkpoint.
 */
export function roundRobin(problem: Problem): Schedule {
  const whole = new Ground(problem);
  const fixed = whole.schedule().placed.length;
  const begin = whole.free.map((_, node) => whole.readyAt(node));
  let makespan = begin.reduce((latest, time) => Math.max(latest, time), 0);
  const nodes = new WholeNodes(whole);
  for (const job of whole.waiting) {
    nodes.place(job, node => whole.frontOn(job, node).at(-1));
  }
  const all = whole.schedule();
  const negligible = NEGLIGIBLE * all.makespan;
  const placed = all.placed.slice(0, fixed);
  for (const node of problem.nodes.keys()) {
    const own = all.placed.slice(fixed).filter(candidate => candidate.node === node);
    const stretches = inTurn(problem, own, begin[node]!, negligible);
    placed.push(...stretches);
    makespan = stretches.reduce((latest, { end }) => Math.max(latest, end), makespan);
  }
  return { placed, makespan };
}

/** The turns of one node, one after another. */
function inTurn(problem: Problem, jobs: Placed[], begin: number, negligible: number): Placed[] {
  const turns: Turn[] = [];
  for (let round = 0; round < TURNS; round++) {
    for (const { job, config, node, devices } of jobs) {
      const total = problem.jobs[job]!.steps;
      const steps = upTo(round + 1, total) - upTo(round, total);
      const all = config.seconds <= negligible || total === 0;
      if (all ? round === 0 : steps > 0) {
        add(turns, negligible, { job, config, node, devices, steps: all ? total : steps });
      }
    }
  }
  const last = new Map(turns.map(({ job }, i) => [job, i]));
  let now = begin;
  return turns.map(({ job, config, node, devices, steps }, i) => {
    const stop = last.get(job) === i ? 0 : (config.option.stopSeconds ?? 0);
    const overhead = config.option.startSeconds + stop;
    const start = now;
    now += overhead + steps * config.option.stepSeconds;
    return { job, config, node, devices, start, end: now, steps, overhead };
  });
}

/** Steps done after so many turns. */
function upTo(turns: number, total: number): number {
  return Math.round((total * turns) / TURNS);
}

/** Add a turn; one that follows a turn of the same job only makes that longer. */
function add(turns: Turn[], negligible: number, turn: Turn): void {
  const before = turns.findLast(({ config }) => config.seconds > negligible);
  if (before?.job === turn.job) {
    before.steps += turn.steps;
  } else {
    turns.push(turn);
  }
}
