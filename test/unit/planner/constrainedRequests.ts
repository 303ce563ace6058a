import fc from 'fast-check';
import type { Fusion, Pin, PlanOption, PlanRequest, PlanTask } from '../../../src/core/wire/messages.js';
import { requestOf } from './planRequests.js';

interface IDrawnOption {
  devices: number;
  stepSeconds: number;
  startSeconds: number;
  stopSeconds: number;
  heavy: boolean;
  near: boolean;
  span: boolean;
}

const drawnOption: fc.Arbitrary<IDrawnOption> = fc.record({
  devices: fc.integer({ min: 1, max: 4 }),
  stepSeconds: fc.integer({ min: 1, max: 9 }),
  startSeconds: fc.integer({ min: 0, max: 5 }),
  stopSeconds: fc.integer({ min: 0, max: 3 }),
  heavy: rarely(),
  near: rarely(),
  span: rarely()
});

function rarely(): fc.Arbitrary<boolean> {
  return fc.integer({ min: 0, max: 4 }).map(draw => draw === 0);
}

function sometimes<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined, freq: 2 });
}

function toOption({ devices, heavy, near, span, ...costs }: IDrawnOption, technique: string): PlanOption {
  const spans = span && devices % 2 === 0;
  return {
    strategy: { technique, devices },
    ...costs,
    ...(heavy && { peakBytes: 2e9 }),
    ...(near && !spans && { nodes: ['n0'] }),
    ...(spans && { span: 2 })
  };
}

/** Small requests that say everything a request can say: constraints, limits, fusions, spans, running tasks, prices. */
export function constrainedRequests(most: number): fc.Arbitrary<PlanRequest> {
  const task = fc.record({
    steps: fc.integer({ min: 1, max: 6 }),
    options: fc.uniqueArray(drawnOption, {
      minLength: 1,
      maxLength: 3,
      selector: ({ devices, span }) => `${devices} ${span}`
    }),
    run: rarely(),
    pinStrategy: rarely(),
    pinTechnique: rarely(),
    pinCount: rarely(),
    pinNode: rarely(),
    pinDevices: rarely(),
    earliestStart: sometimes(fc.integer({ min: 1, max: 20 })),
    deadline: sometimes(fc.integer({ min: 10, max: 120 })),
    weight: sometimes(fc.integer({ min: 1, max: 5 }))
  });
  return fc
    .record({
      sizes: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 2 })),
      big: fc.tuple(fc.boolean(), fc.boolean()),
      tasks: fc.array(task, { minLength: 1, maxLength: most }),
      fused: sometimes(fc.array(drawnOption, { minLength: 1, maxLength: 1 })),
      concurrent: sometimes(fc.integer({ min: 1, max: 3 })),
      deviceSeconds: sometimes(fc.integer({ min: 60, max: 300 })),
      cost: sometimes(fc.integer({ min: 60, max: 600 })),
      weighted: fc.boolean(),
      move: fc.boolean(),
      seed: fc.nat()
    })
    .map(({ sizes, big, tasks, fused, concurrent, deviceSeconds, cost, weighted, move, seed }) => {
      const request = requestOf([...sizes], []);
      for (const [n, node] of request.cluster.nodes.entries()) {
        for (const [d, device] of node.devices.entries()) {
          device.memoryBytes = big[n] || d === 0 ? 2e9 : 1e9;
        }
      }
      const free = sizes.map(size => Array.from({ length: size }, (_, d) => `d${d}`));
      request.tasks = tasks.map((drawn, i): PlanTask => {
        const options = drawn.options.map(option => toOption(option, option.span ? 'fsdp' : 'ddp'));
        const pin: Pin = {
          ...(drawn.pinStrategy && { strategy: options[0]!.strategy }),
          ...(drawn.pinTechnique && { technique: options.at(-1)!.strategy.technique }),
          ...(drawn.pinCount && { count: options[0]!.strategy.devices }),
          ...((drawn.pinNode || drawn.pinDevices) && { node: 'n0' }),
          ...(drawn.pinDevices && { devices: ['d0'] })
        };
        const made: PlanTask = {
          name: `t${i}`,
          steps: drawn.steps,
          options,
          ...(Object.keys(pin).length > 0 && { pin }),
          ...(drawn.earliestStart !== undefined && { earliestStart: drawn.earliestStart }),
          ...(drawn.deadline !== undefined && { deadline: drawn.deadline }),
          ...(drawn.weight !== undefined && { weight: drawn.weight })
        };
        const first = options[0]!;
        const node = free.findIndex(devices => devices.length >= first.strategy.devices);
        if (drawn.run && node >= 0) {
          const devices = free[node]!.splice(0, first.strategy.devices);
          made.running = { strategy: first.strategy, node: `n${node}`, devices };
        }
        return made;
      });
      const fusions: Fusion[] =
        fused === undefined || tasks.length < 2
          ? []
          : [{ tasks: ['t0', 't1'], options: fused.map(option => toOption(option, 'ddp')) }];
      const limits = {
        ...(concurrent !== undefined && { concurrent }),
        ...(deviceSeconds !== undefined && { deviceSeconds }),
        ...(cost !== undefined && { cost })
      };
      return {
        ...request,
        fusions,
        limits,
        prices: { n0: 3600, n1: 7200 },
        ...(weighted && { objective: 'weighted-completion' as const }),
        ...(move && { switches: 'running' as const }),
        seed,
        budget: { iterations: 3000 }
      };
    });
}
