import { describe, expect, it } from 'vitest';
import { validate } from '../../../src/core/wire/messages.js';
import { DeviceLoads } from '../../../src/engine/deviceLoads.js';

/** What an agent tells every two seconds. */
function told(time: number, load: number | undefined, bytes = 50) {
  const device = { id: 'cpu0', ...(load !== undefined && { load }), memoryBytes: bytes, totalBytes: 100 };
  return { node: 'n', time, seconds: 2, devices: [device] };
}

describe('DeviceLoads', () => {
  it('knows nothing before it was told anything', () => {
    expect(new DeviceLoads().read(undefined, 0)).toEqual({ nodes: [] });
  });

  it('forgets nodes that have left', () => {
    const loads = new DeviceLoads();
    loads.note(told(10, 0.5));
    loads.note({ ...told(10, 0.5), node: 'gone' });
    loads.keep([{ id: 'n' }, { id: 'new' }]);
    expect(loads.read(60, 13).nodes.map(({ node }) => node)).toEqual(['n']);
  });

  it('tells each time, and how it is now, until that was long ago', () => {
    const loads = new DeviceLoads();
    loads.note(told(10, 0.5));
    loads.note(told(12, undefined, 80));
    const answer = loads.read(60, 13);
    expect(() => validate('Load', answer)).not.toThrow();
    expect(answer.nodes).toEqual([
      {
        node: 'n',
        starts: [8, 10],
        ends: [10, 12],
        devices: [
          {
            id: 'cpu0',
            loads: [0.5, null],
            memory: [0.5, 0.8],
            now: { id: 'cpu0', memoryBytes: 80, totalBytes: 100 }
          }
        ]
      }
    ]);
    expect(loads.read(60, 100).nodes[0]?.devices[0]).not.toHaveProperty('now');
  });

  it('makes longer times of many, with the mean load and the most memory', () => {
    const loads = new DeviceLoads();
    for (const [i, load] of [0, 1, 0.2, 0.4].entries()) {
      loads.note(told(2 * (i + 1), load, 10 * (i + 1)));
    }
    const [node] = loads.read(2, 8).nodes;
    expect([node?.starts, node?.ends]).toEqual([
      [0, 4],
      [4, 8]
    ]);
    expect(node?.devices[0]).toMatchObject({ loads: [0.5, 0.3], memory: [0.2, 0.4] });
  });

  it('takes no more room however long it goes on, and forgets no time', () => {
    const loads = new DeviceLoads();
    for (let i = 1; i <= 20_000; i++) {
      loads.note(told(2 * i, 0.25));
    }
    const all = loads.read(240, 40_000).nodes[0]!;
    expect(all.starts.length).toBeLessThanOrEqual(240);
    expect(all.starts.length).toBeGreaterThan(60);
    expect([all.starts[0], all.ends.at(-1)]).toEqual([0, 40_000]);
    expect(all.starts.slice(1)).toEqual(all.ends.slice(0, -1));
    expect(new Set(all.devices[0]?.loads)).toEqual(new Set([0.25]));
    expect(loads.read(undefined, 40_000).nodes[0]?.starts.length).toBeLessThanOrEqual(60);
  });

  it('leaves a pause apart in which nothing was told', () => {
    const loads = new DeviceLoads();
    for (let i = 1; i <= 300; i++) {
      loads.note(told(2 * i, 1));
    }
    loads.note(told(5000, 0));
    const node = loads.read(240, 5000).nodes[0]!;
    expect([node.starts.at(-1), node.ends.at(-1)]).toEqual([4998, 5000]);
  });
});
