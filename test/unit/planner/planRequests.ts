import fc from 'fast-check';
import type { Node, PlanOption, PlanRequest, PlanTask } from '../../../src/core/wire/messages.js';

/** Nodes `n0`, `n1`... of the given sizes with devices `d0`, `d1`... */
export function nodesOf(sizes: number[]): Node[] {
  return sizes.map((size, n) => ({
    id: `n${n}`,
    devices: Array.from({ length: size }, (_, d) => ({
      id: `d${d}`,
      kind: 'cpu' as const,
      name: 'virtual',
      memoryBytes: 1e9
    }))
  }));
}

/** An option `ddp xN` (or another technique). */
export function option(
  devices: number,
  stepSeconds: number,
  startSeconds = 0,
  technique = 'ddp'
): PlanOption {
  return { strategy: { technique, devices }, stepSeconds, startSeconds };
}

/** A request with a small repeatable budget. */
export function requestOf(sizes: number[], tasks: PlanTask[], more: Partial<PlanRequest> = {}): PlanRequest {
  return { cluster: { nodes: nodesOf(sizes) }, tasks, seed: 1, budget: { iterations: 1000 }, ...more };
}

interface IShape {
  nodes: number;
  size: number;
  tasks: number;
  options: number;
  /** Put some tasks on devices from the start. */
  running?: boolean;
}

const seconds = fc.oneof(fc.integer({ min: 0, max: 50 }), fc.double({ min: 0, max: 1000, noNaN: true }));

function options(largest: number, count: number): fc.Arbitrary<PlanOption[]> {
  const one = fc.record({
    technique: fc.constantFrom('ddp', 'fsdp', 'single'),
    devices: fc.integer({ min: 1, max: largest }),
    stepSeconds: seconds,
    startSeconds: seconds
  });
  return fc
    .uniqueArray(one, { maxLength: count, selector: ({ technique, devices }) => `${technique} ${devices}` })
    .map(list => list.map(o => option(o.devices, o.stepSeconds, o.startSeconds, o.technique)));
}

/** Requests of any kind: unequal nodes, empty nodes, tasks nothing can run, exclusions, running tasks. */
export function requests({
  nodes,
  size,
  tasks,
  options: count,
  running = true
}: IShape): fc.Arbitrary<PlanRequest> {
  return fc
    .record({
      sizes: fc.array(fc.integer({ min: 0, max: size }), { minLength: 1, maxLength: nodes }),
      tasks: fc.array(
        fc.record({
          steps: fc.integer({ min: 0, max: 20 }),
          options: options(size + 1, count),
          run: fc.boolean()
        }),
        { maxLength: tasks }
      ),
      excludeTechniques: fc.subarray(['ddp', 'fsdp', 'single'], { maxLength: 2 }),
      seed: fc.nat()
    })
    .map(({ sizes, tasks: drawn, excludeTechniques, seed }) => {
      const free = sizes.map(size => Array.from({ length: size }, (_, d) => `d${d}`));
      const list = drawn.map(({ steps, options, run }, i): PlanTask => {
        const task: PlanTask = { name: `t${i}`, steps, options };
        const first = options[0];
        const node =
          first === undefined ? -1 : free.findIndex(devices => devices.length >= first.strategy.devices);
        if (running && run && i % 3 === 0 && first !== undefined && node >= 0) {
          const devices = free[node]!.splice(0, first.strategy.devices);
          task.running = { strategy: first.strategy, node: `n${node}`, devices };
        }
        return task;
      });
      return requestOf(sizes, list, { excludeTechniques, seed, budget: { iterations: 300 } });
    });
}
