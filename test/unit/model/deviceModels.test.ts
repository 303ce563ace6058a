import { describe, expect, it } from 'vitest';
import { deviceKinds, isMeasuredFor, modelAt } from '../../../src/core/model/deviceModels.js';
import type { Node } from '../../../src/core/wire/messages.js';

/** A node with a device of each of these models, of 1 GB; a star marks part of a divided GPU. */
function node(id: string, ...models: string[]): Node {
  const devices = models.map((model, i) => ({
    ...{ id: `cuda${i}`, kind: 'cuda' as const, name: model, memoryBytes: 1e9 },
    model,
    ...(model.endsWith('*') && { partition: true })
  }));
  return { id, devices };
}

/** Models of the kinds there are for so many devices, with their nodes' devices. */
function kinds(nodes: Node[], count: number): Record<string, string[]> {
  return Object.fromEntries(
    deviceKinds({ nodes }, count).map(({ model = 'none', nodes: own }) => [
      model,
      own.map(({ id, devices }) => `${id}: ${devices.map(device => device.id.slice(4)).join()}`)
    ])
  );
}

describe('kinds of devices', () => {
  const a = node('a', 'A100', 'A100', 'A100', 'A100');
  const t = node('t', 'T4', 'T4');

  it('are by model, wherever they are, as far as a node has enough of them', () => {
    const nodes = [t, a, node('b', 'A100', 'A100')];
    expect(kinds(nodes, 1)).toEqual({ A100: ['a: 0,1,2,3', 'b: 0,1'], T4: ['t: 0,1'] });
    expect(kinds(nodes, 4)).toEqual({ A100: ['a: 0,1,2,3'] });
    expect(kinds(nodes, 5)).toEqual({});
  });

  it('stand in the order of what memory there is of them', () => {
    expect(deviceKinds({ nodes: [t, a] }, 1).map(({ model }) => model)).toEqual(['A100', 'T4']);
  });

  it('of unlike devices of a node are mixed only where no model has enough', () => {
    const box = node('box', 'A100', 'T4', 'A100');
    expect(kinds([box], 1)).toEqual({ A100: ['box: 0,2'], T4: ['box: 1'] });
    expect(kinds([box], 2)).toEqual({ A100: ['box: 0,2'] });
    expect(kinds([box], 3)).toEqual({ 'A100 + T4': ['box: 0,1,2'] });
    expect(modelAt({ nodes: [box] }, { node: 'box', devices: ['cuda0', 'cuda1'] })).toBe('A100 + T4');
    expect(modelAt({ nodes: [box] }, { node: 'box', devices: ['cuda1'] })).toBe('T4');
    expect(modelAt({ nodes: [box] }, { node: 'box', devices: ['gone'] })).toBeUndefined();
  });

  it('never take parts of divided GPUs together', () => {
    const divided = node('d', 'A100', '1g*', '1g*', '3g*');
    expect(kinds([divided], 1)).toEqual({ A100: ['d: 0'], '1g*': ['d: 1,2'], '3g*': ['d: 3'] });
    expect(kinds([divided], 2)).toEqual({});
  });

  it('without a model are alike', () => {
    const plain = { ...a, devices: a.devices.map(({ model: _, ...device }) => device) };
    expect(kinds([plain], 2)).toEqual({ none: ['a: 0,1,2,3'] });
  });
});

it('an option is for the nodes it says, and of those for the devices it says', () => {
  const option = { nodes: ['a', 'b'], among: [{ node: 'b', devices: ['x', 'y'] }] };
  const at = (node: string, ...devices: string[]) => isMeasuredFor(option, { node, devices });
  expect([at('a', 'z'), at('b', 'x', 'y'), at('b', 'x', 'z'), at('c', 'x')]).toEqual([
    true,
    true,
    false,
    false
  ]);
  expect(isMeasuredFor({}, { node: 'c', devices: ['x'] })).toBe(true);
});
