import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cellKey } from '../../../src/core/model/strategy.js';
import { profileGrid } from '../../../src/core/profiling/profileGrid.js';
import { cluster, strategy, task } from './profileCells.js';

const GRID = ['single', 'ddp', 'fsdp'].flatMap(technique =>
  [1, 2, 4].map(count => strategy(technique, count))
);

describe('gridOf', () => {
  it('has a grid of learning rates once for each shape of model', () => {
    const tasks = ['mlp', 'cnn'].flatMap(model =>
      ['1e-3', '3e-3', '1e-2'].map(rate => task(`${model}-${rate}`, model, GRID))
    );
    const grid = profileGrid(tasks, { cluster: cluster(4) });
    expect(grid).toHaveLength(2 * GRID.length);
    expect(new Set(grid.map(cell => cell.task))).toEqual(new Set(['mlp-1e-3', 'cnn-1e-3']));
  });

  it('knows nothing of tasks that were not inspected', () => {
    const { inspection: _none, ...rest } = task('a', 's', GRID);
    expect(profileGrid([rest], { cluster: cluster(4) })).toEqual([]);
  });

  it('tells the memory of the largest devices that there are enough of', () => {
    const large = cluster(2);
    for (const device of large.nodes[0]!.devices) {
      device.memoryBytes = 2e9;
    }
    large.nodes.push(...cluster(4).nodes);
    const grid = profileGrid([task('a', 's', GRID)], { cluster: large });
    expect(new Map(grid.map(cell => [cell.strategy.devices, cell.memoryBytes]))).toEqual(
      new Map([
        [1, 2e9],
        [2, 2e9],
        [4, 1e9]
      ])
    );
  });

  it('is what inspection found feasible, fits the largest node and is not excluded, nothing twice', () => {
    const tasks = fc.array(
      fc.record({
        signature: fc.constantFrom('s', 't', 'u'),
        strategies: fc.subarray(GRID),
        refused: fc.boolean()
      }),
      { maxLength: 8 }
    );
    fc.assert(
      fc.property(
        tasks,
        fc.integer({ min: 0, max: 4 }),
        fc.subarray(['single', 'ddp']),
        (specs, most, excluded) => {
          const made = specs.map((one, i) => {
            const state = task(`t${i}`, one.signature, one.strategies);
            for (const verdict of state.inspection!.feasibility) {
              verdict.feasible = !one.refused;
            }
            return state;
          });
          const keys = profileGrid(made, { cluster: cluster(most), excludeTechniques: excluded }).map(cell =>
            cellKey(cell.signature, cell.strategy)
          );
          const wanted = specs
            .filter(one => !one.refused)
            .flatMap(one =>
              one.strategies
                .filter(s => s.devices <= most && !excluded.includes(s.technique))
                .map(s => cellKey(one.signature, s))
            );
          expect(new Set(keys)).toEqual(new Set(wanted));
          expect(keys).toHaveLength(new Set(keys).size);
        }
      )
    );
  });
});
