import type { Stage } from './stages.js';

/** A stage that may only be run in its turn: those of earlier periods come first. */
export interface ICandidate {
  stage: Stage;
  period: number;
}

/** Orders looked at in all: enough to end by itself for a dozen stages, and a limit for many. */
const MOST_ORDERS = 30_000;

/**
 * Put stages in an order that starts few runs, by their cost: the best of several paths, each by nearest neighbours
 * and then by moving stretches of it, backwards too, while that saves anything.
 *
 * @param cost of starting to run a job in a stage.
 */
export function orderStages(
  candidates: readonly ICandidate[],
  cost: (job: number, stage: Stage) => number
): Stage[] {
  const count = candidates.length;
  // costs[0] is from nothing to each; costs[i + 1] is from stage i.
  const costs = [undefined, ...candidates].map(before =>
    candidates.map(({ stage }) => {
      let sum = 0;
      for (const [job, config] of stage) {
        if (before?.stage.get(job)?.option !== config.option) {
          sum += cost(job, stage);
        }
      }
      return sum;
    })
  );
  const length = (order: number[]) =>
    order.reduce((sum, stage, index) => sum + costs[index === 0 ? 0 : order[index - 1]! + 1]![stage]!, 0);
  const allowed = (order: number[]) =>
    order.every(
      (stage, index) => index === 0 || candidates[order[index - 1]!]!.period <= candidates[stage]!.period
    );
  let best: number[] = [];
  let shortest = Infinity;
  let left = MOST_ORDERS;
  for (let first = 0; first < count && (left > 0 || shortest === Infinity); first++) {
    let order = nearest(candidates, costs, first);
    if (order === undefined) {
      continue;
    }
    let own = length(order);
    for (let better: number[] | undefined = order; better !== undefined; ) {
      better = undefined;
      for (const next of rearranged(order)) {
        if (left-- <= 0) {
          break;
        }
        if (allowed(next) && length(next) < own - 1e-12) {
          [better, own] = [next, length(next)];
          order = next;
          break;
        }
      }
    }
    if (own < shortest) {
      [best, shortest] = [order, own];
    }
  }
  return best.map(index => candidates[index]!.stage);
}

/** A path from one stage always on to the one that costs least; undefined when the first may not be first. */
function nearest(
  candidates: readonly ICandidate[],
  costs: readonly number[][],
  first: number
): number[] | undefined {
  const left = new Set(candidates.keys());
  const order: number[] = [];
  for (let next = first; ; ) {
    order.push(next);
    left.delete(next);
    if (left.size === 0) {
      return order;
    }
    const period = Math.min(...[...left].map(index => candidates[index]!.period));
    if (period < candidates[next]!.period) {
      return undefined;
    }
    const from = costs[next + 1]!;
    next = [...left]
      .filter(index => candidates[index]!.period === period)
      .reduce((best, index) => (from[index]! < from[best]! ? index : best));
  }
}

/** Every order with one stretch of it moved elsewhere or turned round. */
function* rearranged(order: number[]): Generator<number[]> {
  for (let from = 0; from < order.length; from++) {
    for (let to = from + 1; to <= order.length; to++) {
      const stretch = order.slice(from, to);
      const rest = [...order.slice(0, from), ...order.slice(to)];
      const turned = [...stretch].reverse();
      for (let at = 0; at <= rest.length; at++) {
        if (at !== from) {
          yield [...rest.slice(0, at), ...stretch, ...rest.slice(at)];
        }
        if (stretch.length > 1) {
          yield [...rest.slice(0, at), ...turned, ...rest.slice(at)];
        }
      }
    }
  }
}
