import type { Baseline } from '../../wire/messages.js';
import { mulberry32 } from '../common/random.js';
import type { IProblem } from '../problem/problem.js';
import type { ISchedule } from '../schedule/schedule.js';
import { currentPractice } from './currentPractice.js';
import { max } from './max.js';
import { min } from './min.js';
import { optimusDynamic } from './optimusDynamic.js';
import { optimusStatic } from './optimusStatic.js';
import { randomChoice } from './randomChoice.js';
import { roundRobin } from './roundRobin.js';

/** A simple rule and the schedule it makes. */
export interface IBaselineSchedule {
  name: Baseline['name'];
  schedule: ISchedule;
}

/** A rule that needs no search. */
export type Rule = (problem: IProblem, seed: number) => ISchedule;

/**
 * What people do without a planner, by name. The rules follow the baselines of the Saturn paper (Nagrecha and Kumar,
 * PVLDB 17(4), sections 4.3 and 5); where the paper gives a task a whole node, it is each node's own size that counts.
 */
export const RULES: Readonly<Record<Baseline['name'], Rule>> = {
  max,
  min,
  random: (problem, seed) => randomChoice(problem, mulberry32(seed)),
  'current-practice': currentPractice,
  'optimus-static': optimusStatic,
  'optimus-dynamic': optimusDynamic,
  'round-robin': roundRobin
};

/**
 * Every rule's schedule of the same tasks on the same devices. Rules respect what no constraint can change (devices, memory,
 * tasks that keep their place) and know nothing of constraints. Two of them interrupt tasks: see {@link interrupts}.
 */
export function makeBaselines(problem: IProblem, seed: number): IBaselineSchedule[] {
  return Object.entries(RULES).map(([name, rule]) => ({
    name: name as Baseline['name'],
    schedule: rule(problem, seed)
  }));
}

/** Whether some job has several stretches, which is a plan only for those who allow planned switches. */
export function interrupts({ schedule }: IBaselineSchedule): boolean {
  const seen = new Set(schedule.placed.map(({ job }) => job));
  return seen.size < schedule.placed.length;
}
