import { afterEach, describe, expect, it } from 'vitest';
import type { SessionState } from '../../../src/core/wire/messages.js';
import { Fleet } from '../../bench/fleet/fleet.js';
import { FleetWork } from '../../bench/fleet/fleetWork.js';

const TASKS = 60;

let fleet: Fleet;

afterEach(() => fleet.close());

const finished = ({ tasks }: SessionState): number =>
  tasks.filter(({ status }) => status === 'finished').length;

describe('an engine with ten nodes', () => {
  it('trains all tasks, though a node is lost midway and another comes', async () => {
    fleet = new Fleet(10, 4, new FleetWork(TASKS, 4, 5));
    const { client } = fleet;
    await fleet.prepare();
    await client.ask('run', {});
    await client.until(state => finished(state) >= TASKS / 4);
    const lost = fleet.nodes.find(({ training, isFar }) => isFar && training.length > 0)!;
    const names = lost.training;
    await lost.lose();
    const without = await client.until(({ cluster }) => cluster?.nodes.length === 9);
    expect(without.nodes?.find(({ id }) => id === lost.node.id)?.state).toBe('away');
    fleet.add();
    await client.until(({ cluster }) => cluster?.nodes.length === 10);

    const { tasks } = await client.until(state => state.goal === 'none' && finished(state) === TASKS);
    for (const { spec, attempts } of tasks.filter(task => names.includes(task.spec.name))) {
      const there = attempts.filter(({ node }) => node === lost.node.id);
      expect(there.at(-1)?.outcome, spec.name).toBe('lost');
      // It may have been moved before or since, and have saved what the engine was not told any more.
      const saved = attempts.slice(0, -1).map(({ fromStep, savedStep }) => savedStep ?? fromStep ?? 0);
      expect(attempts.at(-1)?.outcome, spec.name).toBe('finished');
      expect(attempts.at(-1)?.fromStep).toBeGreaterThanOrEqual(Math.max(...saved));
    }
    // What was told twice of a step, and trained by two at a time, would end twice.
    expect(
      tasks.flatMap(({ attempts }) => attempts).filter(({ outcome }) => outcome === 'finished')
    ).toHaveLength(TASKS);
  });
});
