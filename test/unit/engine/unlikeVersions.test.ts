import { expect, it } from 'vitest';
import type { NodeVersions } from '../../../src/core/wire/messages.js';
import { unlikeVersions } from '../../../src/engine/executor/unlikeVersions.js';

const OWN: NodeVersions = { package: '0.1.0', python: '3.11.7', torch: '2.13.0+cpu', ray: '2.60.0' };

it.each<[string, Partial<NodeVersions>]>([
  ['the same', {}],
  ['another patch of Python', { python: '3.11.9' }],
  ['a build for GPUs', { torch: '2.13.0+cu126' }],
  ['a build without a name', { torch: '2.13.0' }],
  ['no Ray, which is the business of others', { ray: undefined }]
])('takes %s', (_, changes) => {
  expect(unlikeVersions('b', { ...OWN, ...changes }, OWN)).toBeUndefined();
});

it.each<[Partial<NodeVersions>, string, string]>([
  [{ package: '0.1.1' }, 'jupyterlab_saturn 0.1.1', 'jupyterlab_saturn 0.1.0'],
  [{ python: '3.12.1' }, 'Python 3.12.1', 'Python 3.11.7'],
  [{ python: '3.1' }, 'Python 3.1', 'Python 3.11.7'],
  [{ torch: '2.12.1+cu126' }, 'PyTorch 2.12.1+cu126', 'PyTorch 2.13.0+cpu'],
  [{ torch: undefined }, 'no PyTorch', 'PyTorch 2.13.0+cpu'],
  [
    { package: '0.2.0', torch: '3.0.0' },
    'jupyterlab_saturn 0.2.0 and PyTorch 3.0.0',
    'jupyterlab_saturn 0.1.0 and PyTorch 2.13.0+cpu'
  ]
])('refuses %j, and says both', (changes, theirs, ours) => {
  const failure = unlikeVersions('b', { ...OWN, ...changes }, OWN);
  expect(failure?.code).toBe('other-versions');
  expect(failure?.message).toBe(`The node b has ${theirs}, but the session's own node has ${ours}.`);
});

it('refuses a node that tells nothing of itself, and none while nobody knows what is right', () => {
  expect(unlikeVersions('b', undefined, OWN)?.message).toContain('no jupyterlab_saturn and no Python');
  expect(unlikeVersions('b', OWN, undefined)).toBeUndefined();
});
