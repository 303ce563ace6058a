import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cellKey } from '../../../src/core/model/strategy.js';
import { feasibleStrategies, missingTrials } from '../../../src/core/profiling/trials.js';
import type { Strategy, TaskState } from '../../../src/core/wire/messages.js';
import { inspection, spec } from '../session/simulation.js';

const GRID: Strategy[] = ['single', 'ddp', 'fsdp'].flatMap(technique =>
  [1, 2, 4].map(devices => ({ technique, devices }))
);

function task(name: string, signature: string, strategies = GRID): TaskState {
  return {
    spec: spec(name),
    status: 'ready',
    inspection: inspection(signature, 10, strategies),
    attempts: [],
    progress: { step: 0 }
  };
}

describe('missingTrials', () => {
  it('measures a grid of learning rates once for each shape of model', () => {
    const names = ['1e-3', '3e-3', '1e-2'];
    const tasks = ['mlp', 'cnn'].flatMap(model => names.map(lr => task(`${model}-${lr}`, model)));
    const wishes = missingTrials(tasks, [], 4);
    expect(wishes).toHaveLength(2 * GRID.length);
    expect(new Set(wishes.map(wish => wish.task))).toEqual(new Set(['mlp-1e-3', 'cnn-1e-3']));
  });

  it('asks for what needs most devices first', () => {
    const devices = missingTrials([task('a', 's')], [], 4).map(wish => wish.strategy.devices);
    expect(devices).toEqual([...devices].sort((a, b) => b - a));
  });

  it('leaves out what inspection refused and what no node is large enough for', () => {
    const refused = task('a', 's');
    refused.inspection!.feasibility[0]!.feasible = false;
    expect(feasibleStrategies(refused, 2)).toHaveLength(GRID.filter(s => s.devices <= 2).length - 1);
    expect(missingTrials([refused], [], 0)).toEqual([]);
  });

  it('knows nothing of tasks that were not inspected', () => {
    const { inspection: _none, ...rest } = task('a', 's');
    expect(missingTrials([rest], [], 4)).toEqual([]);
  });

  it('with what is known, is the whole grid and nothing twice', () => {
    const arbitrary = fc.array(
      fc.record({ signature: fc.constantFrom('s', 't', 'u'), strategies: fc.subarray(GRID) }),
      { maxLength: 8 }
    );
    fc.assert(
      fc.property(arbitrary, fc.subarray(GRID), fc.integer({ min: 0, max: 4 }), (specs, known, most) => {
        const tasks = specs.map((one, i) => task(`t${i}`, one.signature, one.strategies));
        const settled = known.map(strategy => ({ signature: 's', strategy }));
        const keys = missingTrials(tasks, settled, most).map(wish => cellKey(wish.signature, wish.strategy));
        const wanted = new Set(
          specs.flatMap(one =>
            one.strategies.filter(s => s.devices <= most).map(s => cellKey(one.signature, s))
          )
        );
        const had = new Set(settled.map(one => cellKey(one.signature, one.strategy)));
        expect(new Set(keys)).toEqual(new Set([...wanted].filter(key => !had.has(key))));
        expect(keys).toHaveLength(new Set(keys).size);
      })
    );
  });
});
