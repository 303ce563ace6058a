import type { PlanRequest } from '../../src/core/wire/messages.js';
import { distinct, onMemories, onNodes, onSpeeds, spread, sweeps, textWorkload } from './problemGenerator.js';
import { atMost, withDeadlines, withFusions, withReleases } from './wishes.js';

/** A kind of planning problem, one problem a seed, and what the planner should reach on it. */
export interface ICase {
  name: string;
  request(seed: number): PlanRequest;
  goal: string;
  /** Whether the plan after a tenth of the time is compared with the last one. */
  early?: boolean;
}

/** From what a workstation plans to what a large cluster does. */
export const CASES: ICase[] = [
  { name: '8/1x8', request: seed => sweeps(seed, 8, 1).request, goal: 'all proven' },
  { name: '12/1x8', request: seed => sweeps(seed, 12, 1).request, goal: '70 % proven, max 0.7 %' },
  { name: '12txt/1x8', request: seed => textWorkload(seed, 12, 1).request, goal: '70 % proven, max 0.7 %' },
  { name: '12d/1x8', request: seed => distinct(seed, 12, 1).request, goal: 'median 0.7 %' },
  { name: '24/2x8', request: seed => sweeps(seed, 24, 2).request, goal: 'max 1.5 %' },
  {
    name: '24/8+4+4+2',
    request: seed => onNodes(sweeps(seed, 24, 1), [8, 4, 4, 2]).request,
    goal: 'max 1.5 %'
  },
  { name: '48/4x8', request: seed => sweeps(seed, 48, 4).request, goal: 'max 1.5 %' },
  { name: '100/8x8', request: seed => sweeps(seed, 100, 8).request, goal: '1.5 / 2.5 %' },
  { name: '256/16x8', request: seed => sweeps(seed, 256, 16).request, goal: 'max 1 %' },
  { name: '1000/64x8', request: seed => sweeps(seed, 1000, 64).request, goal: 'max 1 %' },
  {
    name: 'speeds',
    request: seed => onSpeeds(distinct(seed, 24, 1), [1, 1, 0.5, 0.25]).request,
    goal: 'max 3 %'
  },
  {
    name: '48 at speeds',
    request: seed => onSpeeds(sweeps(seed, 48, 1), [1, 1, 0.5, 0.25]).request,
    goal: 'max 3 %'
  },
  {
    name: '100/20 speeds',
    request: seed => onSpeeds(sweeps(seed, 100, 1), fleetSpeeds(20)).request,
    goal: 'max 5 %'
  },
  {
    name: '1000/100 speeds',
    request: seed => onSpeeds(sweeps(seed, 1000, 1), fleetSpeeds(100)).request,
    goal: 'max 5 %'
  },
  { name: 'memories', request: seed => onMemories(seed, 24, [40, 24, 16]).request, goal: 'max 3 %' },
  { name: '24/1x16', request: seed => sweeps(seed, 24, 1, 16).request, goal: 'within 1 %', early: true },
  { name: '48/1x32', request: seed => sweeps(seed, 48, 1, 32).request, goal: 'within 1 %', early: true },
  { name: 'unlike/2x8', request: seed => spread(seed, 24, 2).request, goal: 'within 1 %', early: true },
  { name: '3 at once', request: seed => atMost(3, sweeps(seed, 12, 1)), goal: 'max 5 %' },
  { name: 'fused', request: seed => withFusions(sweeps(seed, 12, 1)), goal: 'max 4.5 %' },
  { name: 'releases', request: seed => withReleases(sweeps(seed, 12, 1)), goal: 'max 4 %' },
  { name: 'deadlines', request: seed => withDeadlines(sweeps(seed, 24, 2)), goal: 'max 3.5 %' }
];

/** Of ten nodes four are fast, three half as fast and three slower still. */
function fleetSpeeds(nodes: number): number[] {
  return Array.from({ length: nodes }, (_, n) => (n % 10 < 4 ? 1 : n % 10 < 7 ? 0.5 : 0.3));
}

/** Seeds none of the planner's settings were chosen by. */
export const seeds = (count: number, from = 101) => Array.from({ length: count }, (_, i) => from + i);
