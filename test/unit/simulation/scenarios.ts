import fc from 'fast-check';
import type { PlanTask } from '../../../src/core/wire/messages.js';
import type { IOutage, IScenario } from '../../bench/simulation/scenario.js';
import { nodesOf, option } from '../planner/planRequests.js';

/** A scenario of these tasks, each with a signature of its own, on nodes `n0`, `n1`... with devices `d0`, `d1`... */
export function scenarioOf(sizes: number[], tasks: PlanTask[], more: Partial<IScenario> = {}): IScenario {
  return {
    cluster: { nodes: nodesOf(sizes) },
    tasks: tasks.map(task => ({ task, signature: task.name })),
    ...more
  };
}

/** A task whose work scales perfectly over these device counts. */
export function scaling(
  name: string,
  steps: number,
  stepSeconds: number,
  counts: number[],
  costs = { start: 0, stop: 0 }
): PlanTask {
  return {
    name,
    steps,
    options: counts.map(count => ({
      ...option(count, stepSeconds / count, costs.start),
      stopSeconds: costs.stop
    }))
  };
}

interface IShape {
  /** Arrivals, early ends, lost devices. */
  events?: boolean;
  costs?: boolean;
}

/** Scenarios of a few tasks on up to three nodes; every task can run on one device. */
export function scenarios({ events = false, costs = true }: IShape = {}): fc.Arbitrary<IScenario> {
  const seconds = fc.integer({ min: 1, max: 20 });
  const cost = costs ? fc.integer({ min: 0, max: 15 }) : fc.constant(0);
  const task = fc.record({
    steps: fc.integer({ min: 1, max: 30 }),
    speeds: fc.array(seconds, { minLength: 1, maxLength: 4 }),
    start: cost,
    stop: cost,
    type: fc.nat(2),
    arrival: events
      ? fc.option(fc.integer({ min: 0, max: 200 }), { nil: undefined })
      : fc.constant(undefined),
    endsAfter: events
      ? fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined })
      : fc.constant(undefined)
  });
  const outage = fc.record({
    node: fc.constant('n0'),
    device: fc.constantFrom('d0', 'd1'),
    from: fc.integer({ min: 1, max: 300 }),
    lasts: fc.integer({ min: 1, max: 200 })
  });
  return fc
    .record({
      sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
      tasks: fc.array(task, { minLength: 1, maxLength: 7 }),
      outages: fc.array(outage, { maxLength: events ? 2 : 0 }),
      checkpointSteps: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined })
    })
    .map(
      ({ sizes, tasks, outages, checkpointSteps }): IScenario => ({
        cluster: { nodes: nodesOf(sizes) },
        tasks: tasks.map(({ steps, speeds, start, stop, arrival, endsAfter }, i) => ({
          task: {
            name: `t${i}`,
            steps,
            options: speeds.map((speed, j) => ({ ...option(j + 1, speed, start), stopSeconds: stop }))
          },
          signature: `s${i}`,
          arrival,
          endsAfter
        })),
        outages: outages.map(({ lasts, ...one }): IOutage => ({ ...one, until: one.from + lasts })),
        checkpointSteps
      })
    );
}
