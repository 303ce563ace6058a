import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Baseline, PlanRequest } from '../../../src/core/wire/messages.js';
import { checkHistory } from '../../bench/simulation/history.js';
import { type IPolicy, plannerPolicy, rulePolicy } from '../../bench/simulation/policy.js';
import { withErrors } from '../../bench/simulation/scenario.js';
import { simulate } from '../../bench/simulation/simulator.js';
import { scaling, scenarioOf, scenarios } from './scenarios.js';

const RULES: Baseline['name'][] = [
  'max',
  'min',
  'random',
  'current-practice',
  'optimus-static',
  'optimus-dynamic',
  'round-robin'
];
const budget = { iterations: 100 };
const POLICIES: IPolicy[] = [
  ...RULES.map(name => rulePolicy(name)),
  plannerPolicy({ budget }),
  plannerPolicy({ budget, switches: 'running', interval: 40 }),
  plannerPolicy({ budget, switches: 'running', interval: 70, threshold: 10 }),
  plannerPolicy({ budget, switches: 'planned', interval: 50 })
];

describe('a simulated world', () => {
  it('takes as long as planned when everything is as believed', async () => {
    await fc.assert(
      fc.asyncProperty(scenarios(), async scenario => {
        const history = await simulate(scenario, plannerPolicy({ budget }));
        expect(checkHistory(scenario, history)).toEqual([]);
        expect(history.makespan).toBeCloseTo(history.expected, 6);
        expect(history).toMatchObject({ plans: 1, switches: 0, unfinished: [] });
      }),
      { numRuns: 50 }
    );
  });

  it('takes no longer than a rule says, planned switches included, when everything is as believed', async () => {
    await fc.assert(
      fc.asyncProperty(scenarios(), fc.constantFrom(...RULES), async (scenario, name) => {
        const history = await simulate(scenario, { ...rulePolicy(name), atEnds: false });
        expect(checkHistory(scenario, history)).toEqual([]);
        expect(history.makespan).toBeLessThanOrEqual(history.expected * (1 + 1e-9));
      }),
      { numRuns: 100 }
    );
  });

  it('is physically possible whatever happens, and every task is done or was ended', async () => {
    await fc.assert(
      fc.asyncProperty(
        scenarios({ events: true }),
        fc.constantFrom(...POLICIES),
        fc.nat(),
        async (drawn, policy, seed) => {
          const scenario = withErrors(drawn, 0.3, seed);
          const history = await simulate(scenario, policy);
          expect([policy.name, checkHistory(scenario, history)]).toEqual([policy.name, []]);
          // Every device comes back, so nothing is left over.
          expect(history.unfinished).toEqual([]);
          expect(history.utilisation).toBeLessThanOrEqual(1 + 1e-9);
        }
      ),
      { numRuns: 200 }
    );
  });

  it('is the same each time', async () => {
    await fc.assert(
      fc.asyncProperty(scenarios({ events: true }), fc.constantFrom(...POLICIES), async (drawn, policy) => {
        const again = () => simulate(withErrors(drawn, 0.2, 5), policy);
        expect(await again()).toEqual(await again());
      }),
      { numRuns: 30 }
    );
  });
});

describe('a policy', () => {
  /** Notes what it is asked. */
  function listening(inner: IPolicy): { policy: IPolicy; asked: [string, PlanRequest][] } {
    const asked: [string, PlanRequest][] = [];
    const policy: IPolicy = {
      ...inner,
      plan: (request, moment) => {
        asked.push([moment, request]);
        return inner.plan(request, moment);
      }
    };
    return { policy, asked };
  }

  it('sees estimates corrected by what was observed, of all tasks of the same speed', async () => {
    const scenario = scenarioOf([2], [scaling('a', 10, 2, [1]), scaling('b', 20, 2, [1])]);
    for (const task of scenario.tasks) {
      task.signature = 'same';
      task.truth = new Map([['ddp:1', 3]]);
    }
    const { policy, asked } = listening({ ...rulePolicy('min'), atEnds: true, interval: 9 });
    const history = await simulate(scenario, policy);
    expect(history).toMatchObject({ makespan: 60, expected: 40 });
    const speeds = asked.map(([moment, { tasks }]) => [
      moment,
      ...tasks.map(task => task.options[0]!.stepSeconds)
    ]);
    expect(speeds[0]).toEqual(['start', 2, 2]);
    expect(speeds[1]).toEqual(['interval', 3, 3]);
    expect(asked[1]![1].tasks.map(({ steps, running }) => [steps, running?.devices])).toEqual([
      [7, ['d0']],
      [17, ['d1']]
    ]);
    expect(asked[1]![1].previous!.map(({ task, start, end }) => [task, start, end])).toEqual([
      ['a', 0, 21],
      ['b', 0, 51]
    ]);
  });

  it('learns of arrivals, early ends and lost devices when they happen', async () => {
    const scenario = scenarioOf(
      [2],
      [scaling('a', 10, 1, [1]), scaling('b', 10, 1, [1]), scaling('c', 5, 1, [1])],
      {
        outages: [{ node: 'n0', device: 'd1', from: 4.5 }],
        checkpointSteps: 3
      }
    );
    scenario.tasks[0]!.endsAfter = 7;
    scenario.tasks[2]!.arrival = 2;
    const { policy, asked } = listening(rulePolicy('min'));
    const history = await simulate(scenario, policy);
    expect(asked.map(([moment, { tasks }]) => [moment, tasks.map(task => task.steps)])).toEqual([
      ['start', [10, 10]],
      ['change', [8, 8, 5]],
      ['change', [6, 7, 5]]
    ]);
    expect(
      history.runs.map(({ task, start, end, steps, outcome }) => [task, start, end, steps, outcome])
    ).toEqual([
      ['b', 0, 4.5, 3, 'lost'],
      ['a', 0, 7, 7, 'stopped'],
      ['b', 7, 14, 7, 'done'],
      ['c', 14, 19, 5, 'done']
    ]);
  });

  it('may move a running task, which pays for its checkpoint and a new start', async () => {
    const costs = { start: 1, stop: 2 };
    const scenario = scenarioOf(
      [4],
      [scaling('a', 40, 1, [1, 2, 4], costs), scaling('b', 18, 1, [2], costs)]
    );
    const history = await simulate(scenario, rulePolicy('optimus-dynamic'));
    expect(
      history.runs.map(({ task, start, end, steps, outcome }) => [task, start, end, steps, outcome])
    ).toEqual([
      ['b', 0, 10, 18, 'done'],
      ['a', 0, 12, 18, 'switched'],
      ['a', 12, 18.5, 22, 'done']
    ]);
    expect(history).toMatchObject({ switches: 1, makespan: 18.5 });
  });

  it('leaves over what nothing can run any more', async () => {
    const scenario = scenarioOf([2], [scaling('a', 10, 1, [2]), scaling('b', 10, 1, [1])], {
      outages: [{ node: 'n0', device: 'd0', from: 2 }]
    });
    const history = await simulate(scenario, plannerPolicy({ budget }));
    expect(history.unfinished).toEqual(['a']);
    expect(checkHistory(scenario, history)).toEqual([]);
  });
});

describe('checking a history', () => {
  it('finds what cannot have happened', async () => {
    const scenario = scenarioOf([1], [scaling('a', 10, 1, [1]), scaling('b', 10, 1, [1])]);
    const history = await simulate(scenario, rulePolicy('min'));
    const [a, b] = history.runs;
    expect(checkHistory(scenario, history)).toEqual([]);
    expect(checkHistory(scenario, { ...history, runs: [a!] })).toEqual(['Task "b" does 0 of 10 steps.']);
    expect(checkHistory(scenario, { ...history, runs: [a!, { ...b!, end: 19 }] })).toEqual([
      'Task "b" takes 9 s for 10 steps.'
    ]);
    expect(checkHistory(scenario, { ...history, runs: [a!, { ...b!, start: 5, end: 15 }] })).toEqual([
      'Device "d0" of "n0" runs "b" and "a" at once.'
    ]);
    const outages = [{ node: 'n0', device: 'd0', from: 3, until: 4 }];
    expect(checkHistory({ ...scenario, outages }, history)).toHaveLength(1);
  });
});
