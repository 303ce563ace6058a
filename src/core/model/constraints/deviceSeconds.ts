import { durationPair } from '../quantities.js';
import { assertMeasure } from '../requestAssertions.js';
import { budget } from './budget.js';

/** At most so much device time in all. */
export const deviceSeconds = budget({
  name: 'device-seconds',
  label: trans => trans.__('device time'),
  assert: ({ limits }) => assertMeasure(limits?.deviceSeconds ?? 0, 'The limit of device-seconds'),
  limit: ({ limits }) => limits?.deviceSeconds,
  rate: () => 1,
  over: (spent, limit) => `It takes ${spent} device-seconds; at most ${limit} are allowed.`,
  never(least, limit) {
    const [needed, most] = durationPair(least, limit);
    return `Any plan takes at least ${needed} of device time; at most ${most} are allowed.`;
  },
  notFound(spent, limit) {
    const [made, most] = durationPair(spent, limit);
    return `The plan takes ${made} of device time, the least found; at most ${most} are allowed.`;
  },
  relax: (spent, limit) =>
    `A limit of ${durationPair(spent, limit)[0]} of device time, which this plan keeps.`,
  unlimited({ limits, ...rest }) {
    const { deviceSeconds: _, ...others } = limits ?? {};
    return { ...rest, limits: others };
  },
  more: 'more device time'
});
