import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StepTimeModel } from '../../../src/core/profiling/stepTimeModel.js';
import {
  initialTrials,
  interpolatedCells,
  onFewestDevices,
  optimisticProfile,
  selectTrials
} from '../../../src/core/profiling/trialSelection.js';
import type { Plan, ProfileCell } from '../../../src/core/wire/messages.js';
import { cluster, ok, open, strategy } from './profileCells.js';

/** Cells of a curve that falls with a power of the device count. */
const curve = (signature: string, technique: string, counts: number[], one = 1, power = 0.8): ProfileCell[] =>
  counts.map(count => ok(signature, strategy(technique, count), one * count ** -power));

describe('what is believed', () => {
  it('of a measured cell is what was measured', () => {
    const cells = [...curve('s', 'ddp', [1, 4], 2), ...curve('t', 'fsdp', [2], 30)];
    const model = new StepTimeModel(cells);
    for (const { signature, strategy: of, stepSeconds } of cells) {
      const { seconds, spread } = model.of(signature, of);
      expect(seconds / stepSeconds!).toBeCloseTo(1, 1);
      expect(spread).toBeLessThan(0.03);
    }
  });

  it('is surer between measured counts than beyond them', () => {
    const model = new StepTimeModel(curve('s', 'ddp', [2, 4]));
    const spreadOf = (count: number) => model.of('s', strategy('ddp', count)).spread;
    expect(spreadOf(3)).toBeLessThan(spreadOf(1));
    expect(spreadOf(3)).toBeLessThan(spreadOf(8));
  });

  it('of a technique carries over from one signature to another', () => {
    const known = [
      ...curve('s', 'ddp', [4], 1),
      ...curve('s', 'fsdp', [4], 3),
      ...curve('t', 'ddp', [4], 100)
    ];
    const guess = new StepTimeModel(known).of('t', strategy('fsdp', 4)).seconds;
    const ddp = known[2]!.stepSeconds!;
    expect(guess / ddp).toBeGreaterThan(1.3);
    expect(guess / ddp).toBeLessThan(3);
  });

  it('is surer of techniques where they differ by the same on every signature', () => {
    const signatures = ['s', 't', 'u', 'v', 'w'];
    const spreadWhere = (ratio: (i: number) => number): number => {
      const known = signatures.flatMap((signature, i) => [
        ...curve(signature, 'ddp', [4]),
        ...curve(signature, 'fsdp', [4], ratio(i))
      ]);
      return new StepTimeModel([...known, ...curve('x', 'ddp', [4])]).of('x', strategy('fsdp', 4)).spread;
    };
    fc.assert(
      fc.property(fc.double({ min: 0.5, max: 2, noNaN: true }), ratio => {
        const alike = spreadWhere(() => ratio);
        const unlike = spreadWhere(i => ratio * Math.exp(i % 2 === 0 ? 1 : -1));
        expect(unlike).toBeGreaterThan(1.5 * alike);
      })
    );
  });

  it('of anything at all is some number, even with nothing measured', () => {
    const { seconds, spread } = new StepTimeModel([]).of('s', strategy('ddp', 2));
    expect(seconds).toBeGreaterThan(0);
    expect(spread).toBeGreaterThan(1);
  });
});

describe('first trials', () => {
  const grid = ['s', 't', 'u'].flatMap(signature =>
    ['ddp', 'fsdp', 'pipeline'].flatMap(technique =>
      [1, 2, 4, 8].map(count => open(signature, strategy(technique, count)))
    )
  );

  it('are one a signature, on a middling count, each by another technique', () => {
    const first = initialTrials(grid, []);
    expect(first.map(cell => cell.signature)).toEqual(['s', 't', 'u']);
    expect(first.map(cell => cell.strategy.technique)).toEqual(['ddp', 'fsdp', 'pipeline']);
    expect(first.map(cell => cell.strategy.devices)).toEqual([4, 4, 4]);
  });

  it('are on as few devices as all have room on side by side', () => {
    const devicesOf = (all: number): number[] =>
      initialTrials(grid, [], undefined, { devices: all }).map(cell => cell.strategy.devices);
    expect(devicesOf(8)).toEqual([2, 2, 2]);
    expect(devicesOf(2)).toEqual([1, 1, 1]);
    expect(devicesOf(64)).toEqual([4, 4, 4]);
  });

  it('are of what tells of more, where something does', () => {
    const first = initialTrials(grid, [], ({ strategy: { devices } }) => devices === 1);
    expect(first.map(cell => cell.strategy.technique)).toEqual(['ddp', 'fsdp', 'pipeline']);
    expect(first.map(cell => cell.strategy.devices)).toEqual([1, 1, 1]);
  });

  it('are on one device each where many tasks wait for every device', () => {
    const cells = [...grid, open('s', strategy('single', 1)), open('t', strategy('single', 1))].filter(
      ({ strategy: { technique, devices } }) => technique === 'single' || devices > 1
    );
    const devicesFor = (tasks: number): number[] =>
      initialTrials(cells, [], undefined, { tasks }).map(cell => cell.strategy.devices);
    expect(devicesFor(31)).toEqual([4, 4, 4]);
    expect(devicesFor(32)).toEqual([1, 1, 2]);
  });

  it('are not of signatures about which something is known', () => {
    expect(initialTrials(grid, [ok('s', strategy('ddp', 1))]).map(cell => cell.signature)).toEqual([
      't',
      'u'
    ]);
  });
});

describe('hope', () => {
  const measured = [...curve('s', 'ddp', [2]), ok('s', strategy('ddp', 4), 0.5, { startSeconds: 7 })];
  const cells = optimisticProfile([open('s', strategy('fsdp', 2)), open('s', strategy('ddp', 8))], measured);

  it('leaves what works as it is, and is better than predicted where nothing was measured', () => {
    expect(cells.slice(0, 2)).toEqual(measured);
    const model = new StepTimeModel(measured);
    for (const cell of cells.slice(2)) {
      expect(cell.source).toBe('interpolated');
      expect(cell.stepSeconds).toBeLessThan(model.of(cell.signature, cell.strategy).seconds);
    }
  });

  it('leads to the cells that a plan of it uses, those with most device time first', () => {
    const grid = ['s', 't', 'u'].map(signature => open(signature, strategy('ddp', 2)));
    const segment = (name: string, end: number) => ({
      task: name,
      strategy: strategy('ddp', 2),
      node: 'node',
      devices: ['a', 'b'],
      start: 0,
      end,
      steps: 1
    });
    const plan = { segments: [segment('x', 1), segment('y', 5), segment('z', 3)] } as Plan;
    const signatures = new Map([
      ['x', 's'],
      ['y', 't'],
      ['z', 'measured']
    ]);
    expect(selectTrials(plan, grid, signatures, cluster(2)).map(cell => cell.signature)).toEqual(['t', 's']);
  });
});

describe('a curve of which nothing is known', () => {
  const promising = [1, 2, 4].flatMap(count => ['ddp', 'fsdp'].map(name => open('s', strategy(name, count))));
  const of = (technique: string, devices: number) =>
    promising.find(({ strategy: one }) => one.technique === technique && one.devices === devices)!;

  it('is begun on the fewest devices, and others are tried where they were wanted', () => {
    const wanted = [of('ddp', 4), of('fsdp', 4), of('fsdp', 2)];
    const known = [ok('s', strategy('ddp', 2)), ok('t', strategy('fsdp', 2))];
    expect(onFewestDevices(wanted, promising, known)).toEqual([of('ddp', 4), of('fsdp', 1)]);
  });

  it('is begun where it is wanted when fewer devices promise nothing', () => {
    expect(onFewestDevices([of('ddp', 4)], [of('ddp', 4)], [])).toEqual([of('ddp', 4)]);
    expect(onFewestDevices([of('ddp', 4)], [], [])).toEqual([of('ddp', 4)]);
  });
});

describe('interpolated cells', () => {
  it('lie between measured counts of their own curve, and never beyond', () => {
    const measured = [...curve('s', 'ddp', [2, 8]), ...curve('t', 'ddp', [1]), ...curve('s', 'fsdp', [1])];
    const grid = [1, 3, 5].map(count => open('s', strategy('ddp', count)));
    const others = [open('t', strategy('ddp', 4)), open('s', strategy('fsdp', 4))];
    const cells = interpolatedCells([...grid, ...others], measured);
    expect(cells.map(cell => [cell.signature, cell.strategy.devices])).toEqual([
      ['s', 3],
      ['s', 5]
    ]);
    for (const cell of cells) {
      expect(cell).toMatchObject({ status: 'ok', source: 'interpolated' });
      const truth = cell.strategy.devices ** -0.8;
      expect(cell.stepSecondsLow).toBeLessThan(truth);
      expect(cell.stepSecondsHigh).toBeGreaterThan(truth);
      expect(cell.stepSecondsLow).toBeLessThan(cell.stepSeconds!);
      expect(cell.stepSeconds).toBeLessThan(cell.stepSecondsHigh!);
    }
  });
});
