import { describe, expect, it } from 'vitest';
import type { ProfileCell } from '../../../src/core/wire/messages.js';
import { inspection, SessionHarness, spec } from './sessionHarness.js';

/** A model of 7 billion parameters. */
const LARGE = 7e9;

/** A session in which a task of so many parameters was measured, and is about to train. */
function training(parameters: number, measured: Partial<ProfileCell> = {}): SessionHarness {
  const sim = new SessionHarness();
  sim.connect(1);
  sim.feed({ kind: 'tasks-added', tasks: [spec('a')] });
  sim.feed({
    kind: 'inspected',
    result: { task: 'a', hash: 'h', inspection: { ...inspection('sig'), parameters } }
  });
  sim.feed({ kind: 'profile-requested' });
  const [trial] = sim.take('trial');
  const { signature, strategy } = trial!.body;
  sim.feed({
    kind: 'trial-finished',
    trial: trial!.body.trial,
    cell: {
      signature,
      strategy,
      status: 'ok',
      source: 'measured',
      stepSeconds: 1,
      startSeconds: 1,
      ...measured
    }
  });
  sim.feed({ kind: 'run-requested' });
  while (sim.pending.some(({ kind }) => kind === 'plan')) {
    sim.perform(sim.take('plan')[0]!);
  }
  return sim;
}

const start = (...session: Parameters<typeof training>) => training(...session).take('start')[0]!.body;

describe('a small model', () => {
  it('is saved every half minute, and waited for three', () => {
    const body = start(1e6, { saveSeconds: 0.2 });
    expect(body.checkpointSeconds).toBe(30);
    expect(body.patienceSeconds).toBe(180);
  });
});

describe('a large model', () => {
  it('is saved as seldom as saving takes long', () => {
    expect(start(LARGE, { saveSeconds: 28 }).checkpointSeconds).toBe(560);
  });

  it('is saved by its size while nobody knows how long that takes', () => {
    expect(start(LARGE).checkpointSeconds).toBeCloseTo((20 * 16 * LARGE) / 100e6);
  });

  it('may be written and read back while its ranks wait', () => {
    // 84 GB at 100 MB/s.
    expect(start(LARGE, { saveSeconds: 28 }).patienceSeconds).toBeGreaterThan(840);
    expect(start(LARGE, { saveSeconds: 400 }).patienceSeconds).toBe(1600);
  });

  it('has more time for its trial', () => {
    const sim = new SessionHarness();
    sim.connect(1);
    sim.feed({ kind: 'tasks-added', tasks: [spec('a')] });
    const result = { task: 'a', hash: 'h', inspection: { ...inspection('sig'), parameters: LARGE } };
    sim.feed({ kind: 'inspected', result });
    sim.feed({ kind: 'profile-requested' });
    const { deadlineSeconds, patienceSeconds } = sim.take('trial')[0]!.body;
    expect(deadlineSeconds).toBe(600 + 1120);
    expect(patienceSeconds).toBe(1120);
  });

  it('has more time to save when it is asked to stop', () => {
    const grace = (measured: Partial<ProfileCell>): number => {
      const sim = training(LARGE, measured);
      sim.group('a', 1, 'started', { step: 0 });
      sim.feed({ kind: 'stop-requested' });
      return sim.take('stop')[0]!.body.graceSeconds;
    };
    expect(grace({ saveSeconds: 280 })).toBe(561);
    expect(grace({ saveSeconds: 1 })).toBe(60);
    expect(grace({})).toBe(2 * 1120 + 1);
  });
});

it('ranks wait for many of the steps that take long', () => {
  expect(start(1e6, { saveSeconds: 0.2, stepSeconds: 60 }).patienceSeconds).toBe(1200);
});
