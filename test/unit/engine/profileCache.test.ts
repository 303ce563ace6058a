import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { emptySession } from '../../../src/core/session/session.js';
import type { Node, ProfileCell, SessionState } from '../../../src/core/wire/messages.js';
import { ProfileCache, profileCacheFolder } from '../../../src/engine/profileCache.js';
import { cpuNode, inspection, STRATEGIES, spec } from '../session/sessionHarness.js';

const [SINGLE, DDP] = STRATEGIES as [(typeof STRATEGIES)[0], (typeof STRATEGIES)[0]];

let home: string;
let folder: string;
let cache: ProfileCache;

function node(change: { model?: string | undefined; software?: string; devices?: number } = {}): Node {
  const { model = 'H200', software = 'torch 2.13.0', devices = 2 } = change;
  const plain = cpuNode(devices);
  return { ...plain, software, devices: plain.devices.map(device => ({ ...device, model })) };
}

function session(cluster: Node = node(), patch: Partial<SessionState> = {}): SessionState {
  const task = {
    spec: spec('a'),
    status: 'ready' as const,
    inspection: inspection('sig'),
    attempts: [],
    progress: { step: 0 }
  };
  return { ...emptySession('s', '/s').state, cluster: { nodes: [cluster] }, tasks: [task], ...patch };
}

const ok = (strategy = SINGLE, stepSeconds = 1): ProfileCell => ({
  signature: 'sig',
  strategy,
  status: 'ok',
  source: 'measured',
  stepSeconds
});

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'saturn-cache-'));
  folder = join(home, 'cache', 'profiles');
  cache = new ProfileCache(folder);
});

afterEach(() => rmSync(home, { recursive: true }));

it.each([
  [{ SATURN_CACHE: '/fast' }, '/fast/profiles'],
  [{ XDG_CACHE_HOME: '/caches' }, '/caches/jupyterlab-saturn/profiles'],
  [{ XDG_CACHE_HOME: '/caches', SATURN_CACHE: '/fast' }, '/fast/profiles'],
  [{}, /\/\.cache\/jupyterlab-saturn\/profiles$/]
])('lies where %o says', (env, expected) => {
  expect(profileCacheFolder(env)).toEqual(
    typeof expected === 'string' ? expected : expect.stringMatching(expected)
  );
});

describe('a kept measurement', () => {
  it('is recalled by a session with the same task, devices and software', () => {
    cache.keep(session(), node(), ok(), 7);
    const oom: ProfileCell = { ...ok(DDP), status: 'oom', stepSeconds: undefined };
    cache.keep(session(), node(), JSON.parse(JSON.stringify(oom)) as ProfileCell, 8);
    const found = new ProfileCache(folder).recall(session());
    expect(found).toEqual([
      { ...ok(), model: 'H200', recalled: true },
      { signature: 'sig', strategy: DDP, status: 'oom', source: 'measured', model: 'H200', recalled: true }
    ]);
  });

  it('is private to its owner', () => {
    cache.keep(session(), node(), ok(), 7);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder).map(name => statSync(join(folder, name)).mode & 0o777)).toEqual([0o600]);
  });

  it.each([
    ['another kind of device', session(node({ model: 'H100' }))],
    ['other software', session(node({ software: 'torch 2.14.0' }))],
    ['another number of devices', session(node({ devices: 4 }))],
    ['a task of another signature', session(node(), { tasks: [] })],
    ['a cell measured already', session(node(), { cells: [ok()] })],
    [
      'a technique of the same name',
      session(node(), { techniques: [{ name: 'single', target: 'single:Mine', source: 'class Mine: ...' }] })
    ]
  ])('is not recalled for %s', (_, other) => {
    cache.keep(session(), node(), ok(), 7);
    expect(cache.recall(other)).toEqual([]);
  });

  it('is recalled for devices of its model alone, as many as its node had, on whichever node', () => {
    cache.keep(session(), node(), ok(SINGLE, 1), 7);
    cache.keep(session(), node({ model: 'T4' }), { ...ok(SINGLE, 5), model: 'T4' }, 7);
    const others = { ...node({ model: 'T4' }), id: 'other' };
    const both = session(node(), { cluster: { nodes: [node(), others] } });
    const found = (state: SessionState) => cache.recall(state).map(one => [one.model, one.stepSeconds]);
    expect(found(both)).toEqual([
      ['H200', 1],
      ['T4', 5]
    ]);
    const known = [{ ...ok(), model: 'H200' }];
    expect(found({ ...both, cells: known })).toEqual([['T4', 5]]);
    const mixed = { ...node(), devices: [...node().devices, ...node({ model: 'T4' }).devices] };
    expect(found(session(mixed))).toEqual([
      ['H200', 1],
      ['T4', 5]
    ]);
  });

  it('gives way to a newer one', () => {
    cache.keep(session(), node(), ok(SINGLE, 1), 7);
    cache.keep(session(), node(), ok(SINGLE, 2), 8);
    expect(cache.recall(session()).map(cell => cell.stepSeconds)).toEqual([2]);
    expect(cache.memory().measurements).toHaveLength(1);
  });
});

it.each<[string, Node, Partial<ProfileCell>, Partial<SessionState>]>([
  ['of a device without a model', cpuNode(2), {}, {}],
  ['without the software', (({ software: _, ...rest }) => rest)(node()), {}, {}],
  ['that failed', node(), { status: 'failed' }, {}],
  ['that was left out', node(), { status: 'pruned' }, {}],
  ['that was interpolated', node(), { source: 'interpolated' }, {}],
  [
    'by imported code, which may change',
    node(),
    {},
    { techniques: [{ name: 'single', target: 'mine:Single' }] }
  ],
  ['by a technique of another package', node(), { strategy: { technique: 'theirs', devices: 1 } }, {}],
  ['beside other programs', node(), { foreignBytes: 6e9 }, {}],
  ['of too little memory beside other programs', node(), { status: 'oom', foreignBytes: 6e9 }, {}]
])('does not keep a measurement %s', (_, where, change, patch) => {
  cache.keep(session(where, patch), where, { ...ok(), ...change }, 7);
  expect(existsSync(folder)).toBe(false);
  expect(cache.trouble).toBeUndefined();
});

it('recalls what a technique of a cell measured, as long as its source is the same', () => {
  const mine = (source: string) => ({ techniques: [{ name: 'single', target: 'single:Mine', source }] });
  cache.keep(session(node(), mine('one')), node(), ok(), 7);
  expect(cache.recall(session(node(), mine('one')))).toHaveLength(1);
  expect(cache.recall(session(node(), mine('two')))).toHaveLength(0);
});

describe('files that are damaged or foreign', () => {
  const only = (): string => join(folder, readdirSync(folder)[0]!);

  beforeEach(() => cache.keep(session(), node(), ok(), 7));

  it.each([
    ['cut short', (text: string) => text.slice(0, 40)],
    ['no JSON', () => 'hello'],
    ['of another format', (text: string) => text.replace('profile 1', 'profile 9')],
    ['with an impossible time', (text: string) => text.replace('"stepSeconds":1', '"stepSeconds":-1')],
    ['for another strategy', (text: string) => text.replaceAll('"single"', '"ddp"')],
    ['of another version', (text: string) => text.replace(/"version":"[^"]*"/, '"version":"0"')],
    ['null', () => 'null']
  ])('%s are not recalled', (_, damage) => {
    writeFileSync(only(), damage(readFileSync(only(), 'utf8')));
    expect(cache.recall(session())).toEqual([]);
  });

  it('are replaced by the next measurement', () => {
    writeFileSync(only(), 'hello');
    cache.keep(session(), node(), ok(), 9);
    expect(cache.recall(session())).toHaveLength(1);
  });

  it('that others could have written are not recalled', () => {
    chmodSync(folder, 0o722);
    expect(cache.recall(session())).toEqual([]);
    cache.keep(session(), node(), ok(), 9);
    expect(cache.trouble?.code).toBe('no-profile-cache');
  });

  it('of somebody else are left alone', () => {
    writeFileSync(join(folder, 'notes.txt'), 'mine');
    cache.clear('all');
    expect(readdirSync(folder)).toEqual(['notes.txt']);
  });
});

it('forgets the measurements of some signatures, or all', () => {
  cache.keep(session(), node(), ok(), 7);
  cache.keep(session(), node(), { ...ok(), signature: 'other' }, 7);
  cache.clear(new Set(['sig']));
  expect(cache.memory().measurements.map(one => one.signature)).toEqual(['other']);
  cache.clear('all');
  expect(cache.memory().measurements).toEqual([]);
});

it('tells why nothing can be kept, and goes on', () => {
  mkdirSync(join(home, 'cache'));
  writeFileSync(folder, 'a file in its place');
  cache.keep(session(), node(), ok(), 7);
  cache.clear('all');
  expect(cache.recall(session())).toEqual([]);
  expect(cache.memory()).toMatchObject({
    measurements: [],
    trouble: { code: 'no-profile-cache', message: expect.stringContaining(folder) }
  });
});
