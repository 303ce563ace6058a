import { assertMeasure, badRequest } from '../requestAssertions.js';
import { budget } from './budget.js';

const SECONDS_PER_HOUR = 3600;

/** At most so much money in all, by the prices of the nodes. */
export const cost = budget({
  name: 'cost',
  label: trans => trans.__('cost'),
  assert({ limits, prices = {}, cluster }) {
    assertMeasure(limits?.cost ?? 0, 'The limit of cost');
    for (const [node, price] of Object.entries(prices)) {
      assertMeasure(price, `The price of node "${node}"`);
      if (!cluster.nodes.some(({ id }) => id === node)) {
        throw badRequest(`There is a price for node "${node}", which is not in the cluster.`);
      }
    }
  },
  limit: ({ limits }) => limits?.cost,
  rate: ({ prices }, node) => (prices?.[node] ?? 0) / SECONDS_PER_HOUR,
  over: (spent, limit) => `It costs ${spent}; at most ${limit} is allowed.`,
  never: (least, limit) => `Any plan costs at least ${money(least)}; at most ${money(limit)} is allowed.`,
  notFound: (spent, limit) =>
    `The plan costs ${money(spent)}, the least found; at most ${money(limit)} is allowed.`,
  relax: spent => `A limit of ${money(spent)}, which this plan keeps.`,
  unlimited({ limits, ...rest }) {
    const { cost: _, ...others } = limits ?? {};
    return { ...rest, limits: others };
  },
  more: 'a higher cost'
});

function money(value: number): string {
  return String(Number(value.toPrecision(6)));
}
