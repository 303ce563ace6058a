import type { PlanRequest } from '../../src/core/wire/messages.js';
import { distinct, onNodes, sweeps, textWorkload } from './problemGenerator.js';

/** A kind of planning problem, one problem a seed, and what the planner should reach on it. */
export interface ICase {
  name: string;
  request(seed: number): PlanRequest;
  goal: string;
}

/** From what a workstation plans to what a large cluster does. */
export const CASES: ICase[] = [
  { name: '8/1x8', request: seed => sweeps(seed, 8, 1).request, goal: 'all proven' },
  { name: '12/1x8', request: seed => sweeps(seed, 12, 1).request, goal: '70 % proven, max 0.7 %' },
  { name: '12txt/1x8', request: seed => textWorkload(seed, 12, 1).request, goal: '70 % proven, max 0.7 %' },
  { name: '12d/1x8', request: seed => distinct(seed, 12, 1).request, goal: 'median 0.7 %' },
  { name: '24/2x8', request: seed => sweeps(seed, 24, 2).request, goal: '0.8 / 1.5 %' },
  {
    name: '24/8+4+4+2',
    request: seed => onNodes(sweeps(seed, 24, 1), [8, 4, 4, 2]).request,
    goal: '1.0 / 2.0 %'
  },
  { name: '48/4x8', request: seed => sweeps(seed, 48, 4).request, goal: '1.0 / 2.0 %' },
  { name: '100/8x8', request: seed => sweeps(seed, 100, 8).request, goal: '1.5 / 2.5 %' },
  { name: '256/16x8', request: seed => sweeps(seed, 256, 16).request, goal: 'max 1 %' },
  { name: '1000/64x8', request: seed => sweeps(seed, 1000, 64).request, goal: 'max 1 %' }
];

/** Seeds none of the planner's settings were chosen by. */
export const seeds = (count: number) => Array.from({ length: count }, (_, i) => 101 + i);
