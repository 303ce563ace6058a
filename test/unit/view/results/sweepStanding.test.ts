import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { tasksCsv } from '../../../../src/core/view/export/tasksCsv.js';
import { render } from '../../../../src/core/view/render.js';
import { bestTasks } from '../../../../src/core/view/results/best.js';
import { sweepStandings } from '../../../../src/core/view/results/sweepStanding.js';
import { sweepFailures, sweepLine, sweepTroubles } from '../../../../src/core/view/results/sweepText.js';
import { attention } from '../../../../src/core/view/status/attention.js';
import { sessionPhase } from '../../../../src/core/view/status/sessionPhase.js';
import type { SessionState, SweepState, TaskState } from '../../../../src/core/wire/messages.js';
import { searchedSweep } from '../../../fixtures/searchedSweep.js';

const played = searchedSweep(1_790_000_000);
const early = played.at(0);
const midway = played.at(played.seconds * 0.6);
const over = played.at(played.seconds);

/** A session with a sweep of tasks that have these values at rungs 3, 9 and 27, those of `ends` at their end besides. */
function session(
  rungs: Readonly<Record<string, readonly (number | null)[]>>,
  ends: Readonly<Record<string, number>> = {},
  part: Partial<SweepState> = {}
): SessionState {
  const [model] = early.tasks as [TaskState];
  const tasks = Object.entries(rungs).map(
    ([name, values]): TaskState => ({
      ...model,
      spec: { ...model.spec, name },
      rungs: values.map((value, i) => ({ step: 3 ** (i + 1), value })),
      ...(name in ends && { status: 'finished', result: { metrics: { accuracy: ends[name] as number } } })
    })
  );
  const [sweep] = early.sweeps as [SweepState];
  return { ...early, tasks, sweeps: [{ ...sweep, ...part }] };
}

const places = (state: SessionState) =>
  sweepStandings(state).flatMap(({ standings }) =>
    standings.map(({ task, place }) => [task.spec.name, place])
  );

const line = (state: SessionState) => sweepLine(sweepStandings(state)[0]!, ENGLISH);

describe('places', () => {
  it('are by what two tasks had where both were last', () => {
    const state = session({ a: [0.3, 0.4, 0.5], b: [0.5, 0.7], c: [0.4], d: [] }, { a: 0.6 });
    expect(places(state)).toEqual([
      ['b', 1],
      ['c', 2],
      ['a', 3],
      ['d', undefined]
    ]);
  });

  it('are the other way round where less is better', () => {
    const state = session({ a: [0.3, 0.4], b: [0.5, 0.3] });
    const [sweep] = state.sweeps as [SweepState];
    const by = { metric: 'cross_entropy', goal: 'min' as const };
    const turned = { ...state, sweeps: [{ ...sweep, spec: { ...sweep.spec, by } }] };
    expect(places(turned)).toEqual([
      ['b', 1],
      ['a', 2]
    ]);
    expect(places(state)[0]).toEqual(['a', 1]);
  });

  it('of what is no number is the last', () => {
    expect(places(session({ a: [null], b: [0.1], c: [0.2, null] })).map(([name]) => name)).toEqual([
      'b',
      'c',
      'a'
    ]);
  });

  it('leave out clones, which no rule compares', () => {
    const state = session({ a: [0.3] });
    const [a] = state.tasks as [TaskState];
    const clone = { ...a, spec: { ...a.spec, name: 'clone', cloneOf: 'a' } };
    expect(places({ ...state, tasks: [a, clone] })).toEqual([['a', 1]]);
  });

  it('rank who goes on in the place of a member of a population', () => {
    const state = session({ a: [0.3], b: [0.2] });
    const [a, b] = state.tasks as [TaskState, TaskState];
    const warmStart = { task: 'a', hash: a.spec.hash, step: 1, continues: true, seed: 0, checkpoints: [] };
    const member = { ...b, spec: { ...b.spec, cloneOf: 'a', warmStart } };
    expect(places({ ...state, tasks: [a, member] })).toEqual(places(state));
    expect(line({ ...state, tasks: [a, member] })).toContain('points, 1 that went on in their place, ');
  });
});

describe('what is said of a sweep', () => {
  it('is one line: points, what became of them, and the best by its values', () => {
    expect(line(midway)).toBe(
      'digits: 34 of 54 points, 2 trained to the end, 26 given up early, best 0.9778 (lr=0.00296, width=256)'
    );
    expect(line(over)).toMatch(
      /^digits: 54 points, 2 trained to the end, 52 given up early, best 0\.9778 \(/
    );
  });

  it('tells a value that is not of the end with its step', () => {
    expect(line(session({ a: [0.3, 0.4] }))).toMatch(/, best so far 0\.4000 after 9 steps \(lr=/);
    expect(line(early)).toBe('digits: 4 of 54 points, 0 trained to the end, 0 given up early');
  });

  it('is why no points come, or nobody is given up', () => {
    const error = { code: 'no-optuna', message: 'Optuna is not installed.', hint: 'Install it.' };
    const unjudged = { code: 'no-metric', message: 'There is no accuracy.' };
    const state = session({}, {}, { error, unjudged });
    expect(sweepTroubles(sweepStandings(state)[0]!, ENGLISH)).toEqual([
      'No further points come: Optuna is not installed. Install it.',
      'There is no accuracy.'
    ]);
    expect(sweepFailures(state).map(({ where, error }) => [where, error.code])).toEqual([
      [['digits'], 'no-optuna'],
      [['digits'], 'no-metric']
    ]);
  });
});

describe('tasks that were given up', () => {
  it('are over, are nothing to attend to, and are told apart from what failed or was stopped', () => {
    expect(sessionPhase(over)).toBe('done');
    expect(attention(over, ENGLISH)).toEqual([]);
    const { text } = render('status', over, 1_790_000_100, ENGLISH);
    expect(text.split('\n')[0]).toBe('Saturn: 2/54 trained, 52 given up');
  });

  it('are in the results below those that were trained, with reason and step', () => {
    const { text } = render('results', over, 1_790_000_100, ENGLISH);
    expect(text).toMatch(/digits-0\.00186-256 +asha: 2 of 3 after 270 steps +0\.9714 after 270 steps/);
  });

  it('are among the best while others train', () => {
    const { by, tasks, all } = bestTasks(midway, 3, ENGLISH);
    expect([by, tasks.length, all]).toEqual(['accuracy', 3, 28]);
    expect(tasks.map(({ value }) => value)).toEqual([
      '0.9778',
      '0.9714 after 270 steps',
      '0.8723 after 90 steps'
    ]);
  });

  it('have what was compared in CSV', () => {
    const [head, first] = tasksCsv(over)
      .split('\r\n')
      .map(row => row.split(','));
    const at = (name: string) => first?.[head!.indexOf(name)];
    expect([at('rungs.30'), at('rungs.90'), at('rungs.270'), at('metrics.accuracy')]).toEqual([
      '0.1091',
      '0.1221',
      '0.1393',
      '0.1453'
    ]);
    expect(head).toContain('given_up');
  });
});
