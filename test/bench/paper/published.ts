import type { ClusterName, WorkloadName } from './instances.js';

/** The paper's results, read off its charts, in hours. */

/** Figure 5: one-shot plans, simulated. */
export const FIGURE_5: Partial<Record<`${ClusterName} ${WorkloadName}`, IFigure5>> = {
  '8 txt': { random: 39, min: 46.3, max: 27.6, greedy: 27.9, saturn: 21.0 },
  '8 img': { random: 27, min: 29.6, max: 17.6, greedy: 18.0, saturn: 12.3 },
  '4x8 txt': { random: 12.9, min: 15.4, max: 6.8, greedy: 7.1, saturn: 4.3 },
  '4x8 img': { random: 8.6, min: 9.9, max: 4.6, greedy: 4.9, saturn: 2.9 },
  '2+2+4+8 txt': { random: 23.5, min: 26.3, max: 16.8, greedy: 16.2, saturn: 10.7 },
  '2+2+4+8 img': { random: 15.4, min: 16.7, max: 11.4, greedy: 11.0, saturn: 7.3 }
};

export interface IFigure5 {
  random: number;
  min: number;
  max: number;
  greedy: number;
  saturn: number;
}

/** Figure 8(A): real runs. */
export const FIGURE_8A: Partial<Record<`${ClusterName} ${WorkloadName}`, IFigure8>> = {
  '8 txt': { current: 28.7, random: 42, static: 29.7, dynamic: 25.1, saturn: 17.4 },
  '8 img': { current: 19.1, random: 28.4, static: 19.5, dynamic: 17.3, saturn: 11.3 },
  '2x8 txt': { current: 14.6, random: 21.8, static: 16.6, dynamic: 13.7, saturn: 8.2 },
  '2x8 img': { current: 10.2, random: 14.5, static: 10.2, dynamic: 8.4, saturn: 5.2 },
  '8+4 txt': { current: 22.8, random: 33, static: 24.4, dynamic: 19.6, saturn: 13.4 },
  '8+4 img': { current: 15.1, random: 21.7, static: 16.2, dynamic: 13.4, saturn: 8.2 }
};

export interface IFigure8 {
  current: number;
  random: number;
  static: number;
  dynamic: number;
  saturn: number;
}

/** Figure 7: hours by introspection interval (threshold 500 s) and by threshold (interval 1000 s), both in seconds. */
export const FIGURE_7 = {
  interval: { 100: 16.65, 300: 16.8, 500: 16.9, 1000: 16.9, 5000: 18.3, 10000: 19.7 },
  threshold: { 1: 16.6, 100: 16.65, 500: 16.7, 1000: 18.85, 10000: 21.05 }
} as const;

/** Table 5: how much faster than the first row. */
export const TABLE_5 = {
  base: 1,
  order: 1.1,
  allocation: 1.33,
  parallelism: 1.95,
  introspection: 2.27
} as const;
