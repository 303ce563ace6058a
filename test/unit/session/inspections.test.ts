import { describe, expect, it } from 'vitest';
import { type InspectResult, validate } from '../../../src/core/wire/messages.js';
import { inspection, SessionHarness, spec } from './sessionHarness.js';

const NAMES = ['a', 'b', 'c'];

const FOUND: InspectResult[] = [
  { task: 'a', hash: 'h', inspection: inspection('s') },
  { task: 'b', hash: 'h', error: { code: 'factory-failed', message: 'No.' } },
  { task: 'c', hash: 'other', inspection: inspection('s') }
];

function added(): SessionHarness {
  const sim = new SessionHarness();
  sim.connect(1);
  sim.feed({ kind: 'tasks-added', tasks: NAMES.map(name => spec(name)) });
  return sim;
}

const statuses = ({ session }: SessionHarness) => session.state.tasks.map(task => task.status);

describe('inspections that are over', () => {
  it('are told many at once, each for its task', () => {
    const sim = added();
    const { rev } = sim.session.state;
    sim.feed({ kind: 'inspected', results: FOUND });
    expect(statuses(sim)).toEqual(['ready', 'invalid', 'inspecting']);
    expect(sim.session.state.rev).toBe(rev + 1);
  });

  it('leave the session that they leave one by one, as older journals hold them', () => {
    const [many, single] = [added(), added()];
    many.feed({ kind: 'inspected', results: FOUND });
    for (const result of FOUND) {
      validate('InspectedEvent', { kind: 'inspected', result });
      single.feed({ kind: 'inspected', result });
    }
    expect(many.session.state.tasks).toEqual(single.session.state.tasks);
  });

  it('of one task count in their order', () => {
    const sim = added();
    const error = { code: 'factory-failed', message: 'No.' };
    sim.feed({
      kind: 'inspected',
      results: [
        { task: 'a', hash: 'h', error },
        { task: 'a', hash: 'h', inspection: inspection('s') }
      ]
    });
    expect(statuses(sim)[0]).toBe('ready');
  });
});
