import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../src/core/model/translation.js';
import { isReplanDue } from '../../../src/core/session/replanTiming.js';
import { selectStopped } from '../../../src/core/session/resuming.js';
import { emptySession, withNews } from '../../../src/core/session/session.js';
import { step } from '../../../src/core/session/step.js';
import { standingWords } from '../../../src/core/view/format/taskText.js';
import { judgedWords } from '../../../src/core/view/results/givenUpText.js';
import { standingsByTask } from '../../../src/core/view/results/sweepStanding.js';
import type { StopRule, SweepSpec, TaskState } from '../../../src/core/wire/messages.js';
import { RULES, replayed } from './replays.js';
import { inspection, SessionHarness, serialPlan, spec } from './sessionHarness.js';

const SINGLE = { technique: 'single', devices: 1 };

/** A sweep whose tasks train one after the other, on the first device, by a faultless planner. */
class Sweep extends SessionHarness {
  /** The task that trains, with the number of its attempt. */
  training: { task: string; attempt: number } | undefined;

  /** Tasks for which the planner finds nothing. */
  hopeless: readonly string[] = [];

  constructor(names: readonly string[], stop: StopRule = { kind: 'asha', first: 9 }, devices = 1) {
    super();
    const sweep: SweepSpec = { name: 'fn', space: { x: { values: [1] } }, search: 'grid', seed: 0, stop };
    this.connect(devices);
    this.feed({ kind: 'tasks-added', tasks: names.map(name => spec(name)), sweep });
    for (const task of names) {
      const found = inspection('sig', 81, [SINGLE]);
      this.feed({ kind: 'inspected', result: { task, hash: 'h', inspection: found } });
    }
    const cell = { signature: 'sig', strategy: SINGLE, status: 'ok', source: 'measured' } as const;
    this.feed({ kind: 'cells-recalled', cells: [{ ...cell, stepSeconds: 1, startSeconds: 1 }] });
    this.feed({ kind: 'run-requested' });
    this.obey();
  }

  obey(): void {
    while (this.pending.length > 0) {
      const command = this.pending.shift()!;
      if (command.kind === 'start') {
        this.training = { task: command.body.task.name, attempt: command.body.attempt };
        this.group(command.body.task.name, command.body.attempt, 'started', {
          step: this.task(command.body.task.name).checkpointStep ?? 0
        });
      } else if (command.kind === 'stop') {
        const { task, attempt } = command.body;
        this.training = undefined;
        this.group(task, attempt, 'stopped', { step: this.task(task).rungs?.at(-1)?.step ?? 1 });
      } else if (command.kind === 'plan') {
        const isHopeless = ({ name }: { name: string }): boolean => this.hopeless.includes(name);
        const { request } = command;
        const made = serialPlan({ ...request, tasks: request.tasks.filter(task => !isHopeless(task)) });
        const unplanned = request.tasks
          .filter(isHopeless)
          .map(({ name }) => ({ task: name, reason: 'none' }));
        this.feed({ kind: 'plan-made', plan: { ...made, unplanned }, basis: command.planRevision });
      } else if (command.kind !== 'inspect') {
        this.perform(command, () => 'sig');
      }
    }
  }

  task(name: string): TaskState {
    return this.session.state.tasks.find(task => task.spec.name === name)!;
  }

  /** The task that trains comes to a rung. */
  reach(at: number, loss: number): string {
    const { task, attempt } = this.training!;
    this.group(task, attempt, 'rung', { step: at, loss });
    this.obey();
    return task;
  }

  words(name: string): string | undefined {
    const task = this.task(name);
    const standing = standingsByTask(this.session.state).get(name);
    return judgedWords({ task, standing }, ENGLISH);
  }

  assertReplay(): void {
    let session = emptySession('test', '/tmp/test');
    for (const { event, time } of this.log) {
      session = step(session, event, time).session;
    }
    expect(session).toEqual(this.session);
  }
}

it('the first of too few waits while others wait for its device, and goes on once it is known to be good', () => {
  const sweep = new Sweep(['a', 'b', 'c', 'd']);
  sweep.reach(9, 0.2);
  expect(sweep.task('a')).toMatchObject({ status: 'ready', pausedAt: 9, checkpointStep: 9 });
  expect(sweep.words('a')).toBe('asha: paused after 9 steps, 1 of 1 so far');
  expect(standingWords(sweep.task('a'), ENGLISH).text).toBe('paused');
  expect(sweep.reach(9, 0.3)).toBe('b');
  expect(sweep.words('b')).toBe('asha: 2 of 2 after 9 steps');
  expect(sweep.words('a')).toBe('asha: paused after 9 steps, 1 of 2 so far');
  expect(sweep.reach(9, 0.4)).toBe('c');
  expect(sweep.task('a').pausedAt).toBeUndefined();
  sweep.assertReplay();
});

it('is given up when another is better, and a third makes no place for it', () => {
  const sweep = new Sweep(['a', 'b', 'c', 'd']);
  sweep.reach(9, 0.3);
  sweep.reach(9, 0.2);
  expect(sweep.words('a')).toBe('asha: 2 of 2 after 9 steps');
  expect(sweep.task('a')).toMatchObject({ status: 'stopped', checkpointStep: 9 });
  expect(sweep.words('b')).toBe('asha: paused after 9 steps, 1 of 2 so far');
  sweep.assertReplay();
});

it('goes on at once when nobody is to come, and so does who waits', () => {
  const sweep = new Sweep(['a', 'b']);
  const { task, attempt } = sweep.training!;
  sweep.group(task, attempt, 'rung', { step: 9, loss: 0.3 });
  expect(sweep.task('a').pausedAt).toBe(9);
  sweep.obey();
  // The other trains, so nobody waits for a device any more: the pause gains nothing.
  expect(sweep.training?.task).toBe('b');
  expect(sweep.task('a')).toMatchObject({ status: 'ready' });
  expect(sweep.task('a').pausedAt).toBeUndefined();
  expect(sweep.reach(9, 0.2)).toBe('b');
  expect(sweep.status('b')).toBe('running');
  sweep.assertReplay();
});

it('nobody makes room for one that is to begin later', () => {
  const sweep = new Sweep(['a', 'b']);
  const set = { earliestStart: sweep.session.question!.time + 1e5 };
  sweep.feed({ kind: 'wishes-set', tasks: [{ tasks: ['b'], set }] });
  sweep.obey();
  expect(sweep.reach(9, 0.2)).toBe('a');
  expect(sweep.status('a')).toBe('running');
});

it('nobody waits for points that nothing makes room for: no plan has those that are there', () => {
  const sweep = new Sweep(['a', 'b', 'c']);
  const { spec: told } = sweep.session.state.sweeps![0]!;
  const more = { search: 'tpe', points: 9, template: spec('fn') } as const;
  const tasks = ['a', 'b', 'c'].map(name => spec(name));
  sweep.feed({ kind: 'tasks-added', tasks, sweep: { ...told, ...more }, made: 3 });
  sweep.hopeless = ['b', 'c'];
  sweep.feed({ kind: 'wishes-set', tasks: [{ tasks: ['b'], set: { weight: 2 } }] });
  sweep.obey();
  expect(sweep.reach(9, 0.2)).toBe('a');
  expect(sweep.session.state.sweeps![0]).not.toHaveProperty('asked');
  expect(sweep.task('a').pausedAt).toBeUndefined();
  expect(sweep.training?.task).toBe('a');
  sweep.assertReplay();
});

it('with promotion who may still come to be among the best waits, and is given up when it cannot', () => {
  const sweep = new Sweep(['a', 'b', 'c', 'd', 'e', 'f'], { kind: 'asha', first: 9, promote: true });
  sweep.reach(9, 0.2);
  sweep.reach(9, 0.3);
  expect(sweep.words('b')).toBe('asha: paused after 9 steps, 2 of 2 so far');
  sweep.reach(9, 0.25);
  expect(sweep.words('b')).toBe('asha: 3 of 3 after 9 steps');
  expect(sweep.words('c')).toBe('asha: paused after 9 steps, 2 of 3 so far');
  sweep.assertReplay();
});

it('who waits is judged in no run of others, in which not all come that may', () => {
  const sweep = new Sweep(['a', 'b', 'c', 'd', 'e', 'f'], { kind: 'asha', first: 9, promote: true });
  sweep.reach(9, 0.2);
  sweep.reach(9, 0.3);
  sweep.feed({ kind: 'stop-requested' });
  sweep.obey();
  sweep.feed({ kind: 'run-requested', tasks: ['f'] });
  sweep.obey();
  expect(sweep.reach(9, 0.25)).toBe('f');
  for (const name of ['a', 'b']) {
    expect(sweep.task(name)).toMatchObject({ status: 'ready', pausedAt: 9 });
  }
  sweep.feed({ kind: 'run-requested' });
  expect(sweep.task('b')).toMatchObject({ status: 'stopped', givenUp: { place: 3, of: 3 } });
  sweep.assertReplay();
});

it('who waits is trained on by its name, and stays out when somebody stops it', () => {
  const run = new Sweep(['a', 'b', 'c', 'd']);
  run.reach(9, 0.3);
  run.feed({ kind: 'run-requested' });
  expect(run.task('a').pausedAt).toBe(9);
  run.feed({ kind: 'run-requested', tasks: ['a'] });
  expect(run.task('a')).toMatchObject({ status: 'ready', spared: true });
  expect(run.task('a').pausedAt).toBeUndefined();
  run.assertReplay();
  const stop = new Sweep(['a', 'b', 'c', 'd']);
  stop.reach(9, 0.3);
  stop.feed({ kind: 'stop-requested', tasks: ['a'] });
  expect(stop.task('a')).toMatchObject({ status: 'stopped' });
  expect(stop.task('a').pausedAt).toBeUndefined();
  stop.feed({ kind: 'resume-requested', tasks: ['a'] });
  expect(stop.task('a').status).toBe('ready');
  stop.assertReplay();
});

it('nobody waits for a rule that is none any more, nor for one of its name that has other rungs', () => {
  for (const stop of [undefined, { kind: 'median' } as const, { kind: 'asha', first: 8 } as const]) {
    const sweep = new Sweep(['a', 'b', 'c', 'd']);
    sweep.reach(9, 0.3);
    const { stop: _before, ...rest } = sweep.session.state.sweeps![0]!.spec;
    const tasks = sweep.session.state.tasks.map(task => task.spec);
    sweep.feed({ kind: 'tasks-added', tasks, ...(stop && { sweep: { ...rest, stop } }) });
    expect(sweep.task('a').pausedAt).toBeUndefined();
    expect(sweep.task('a').status).toBe('ready');
    sweep.assertReplay();
  }
});

it('a task that ends before its stop comes is trained: no rule has given it up, or has it wait', () => {
  for (const loss of [0.2, 0.4]) {
    const sweep = new Sweep(['a', 'b', 'c', 'd']);
    sweep.reach(9, 0.3);
    const { task, attempt } = sweep.training!;
    sweep.group(task, attempt, 'rung', { step: 9, loss });
    expect(sweep.status(task)).toBe('stopping');
    sweep.group(task, attempt, 'finished', { step: 81, result: { metrics: { loss } } });
    expect(sweep.task(task)).toMatchObject({ status: 'finished' });
    expect(sweep.words(task)).toBeUndefined();
    const standings = [...standingsByTask(sweep.session.state).values()];
    expect(standings.find(({ task: { spec: one } }) => one.name === task)).toMatchObject({ step: undefined });
    sweep.assertReplay();
  }
});

it('who came to a further rung before it left is judged there as well, at once', () => {
  const sweep = new Sweep(['a']);
  const { spec: told } = sweep.session.state.sweeps![0]!;
  sweep.feed({ kind: 'tasks-added', tasks: [spec('a'), spec('b')], sweep: told });
  const { attempt } = sweep.training!;
  sweep.group('a', attempt, 'rung', { step: 9, loss: 0.2 });
  sweep.group('a', attempt, 'rung', { step: 27, loss: 0.1 });
  sweep.obey();
  expect(sweep.task('a')).toMatchObject({ status: 'ready', pausedAt: 9, checkpointStep: 27 });
  const error = { code: 'bad-task', message: 'It cannot be built.' };
  sweep.feed({ kind: 'inspected', result: { task: 'b', hash: 'h', error } });
  sweep.obey();
  expect(sweep.task('a').pausedAt).toBeUndefined();
  expect(sweep.training?.task).toBe('a');
  sweep.assertReplay();
});

it('what somebody stopped goes on when that is asked of all, and leaves those that pause to their rule', () => {
  const sweep = new Sweep(['a', 'b', 'c', 'd']);
  const { attempt } = sweep.training!;
  sweep.group('a', attempt, 'rung', { step: 9, loss: 0.2 });
  expect(sweep.task('a')).toMatchObject({ status: 'stopping', pausedAt: 9 });
  expect(() => selectStopped(sweep.session, undefined)).toThrow('No task is stopped.');
});

it('who is taken out while it leaves to pause is judged no more', () => {
  const sweep = new Sweep(['a', 'b']);
  const { attempt } = sweep.training!;
  sweep.group('a', attempt, 'rung', { step: 9, loss: 0.2 });
  sweep.feed({ kind: 'tasks-removed', tasks: ['a'] });
  sweep.feed({ kind: 'tasks-removed', tasks: ['b'] });
  expect(sweep.task('a')).toMatchObject({ status: 'stopping', removing: true });
  expect(sweep.task('a').moving).toBeUndefined();
  sweep.group('a', attempt, 'stopped', { step: 9 });
  expect(sweep.session.state.tasks).toEqual([]);
  sweep.assertReplay();
});

it('who waits at a rung has no use for an idle device: no plan is made in haste for it', () => {
  const sweep = new Sweep(['a', 'b', 'c', 'd'], { kind: 'asha', first: 9, eta: 2, promote: true }, 2);
  sweep.reach(9, 0.2);
  sweep.reach(9, 0.3);
  sweep.reach(9, 0.4);
  expect(sweep.training?.task).toBe('a');
  sweep.group('a', sweep.training!.attempt, 'finished', { step: 81 });
  sweep.obey();
  expect(sweep.session.state.tasks.map(({ status }) => status)).toEqual([
    ...['finished', 'ready', 'stopped', 'running']
  ]);
  expect(sweep.task('b').pausedAt).toBe(9);
  const told = withNews(sweep.session, { kind: 'ended', tasks: ['a'] });
  const since = (seconds: number): boolean => isReplanDue(told, told.question!.time + seconds);
  expect([since(5), since(30)]).toEqual([false, true]);
});

it('who waits stands among those that are known at its rung, also where it was not evaluated at one before', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  const sweep = new Sweep(names, { kind: 'asha', first: 9, promote: true });
  sweep.reach(9, 0.3);
  sweep.reach(9, 0.4);
  expect(sweep.reach(9, 0.1)).toBe('c');
  expect(sweep.reach(27, 0.05)).toBe('c');
  expect(sweep.words('c')).toBe('asha: paused after 27 steps, 1 of 1 so far');
  // It comes to the second rung alone: at the first its metric was not told.
  const { task } = sweep.training!;
  expect(sweep.task(task).rungs).toBeUndefined();
  sweep.reach(27, 0.2);
  expect(sweep.words(task)).toBe('asha: paused after 27 steps, 2 of 2 so far');
  expect(sweep.words('a')).toBe('asha: paused after 9 steps, 2 of 3 so far');
  sweep.assertReplay();
});

describe('while a plan that a client gave is followed', () => {
  /** The first of a sweep waits; what is left is given as a plan, with or without it. */
  function given(withIt: boolean): Sweep {
    const sweep = new Sweep(['a', 'b', 'c', 'd']);
    sweep.reach(9, 0.2);
    const { plan } = sweep.session.state.plan!;
    const [first] = plan.segments;
    const start = plan.makespan;
    const again = { ...first!, task: 'a', start, end: start + 72, steps: 72 };
    const segments = [...plan.segments.filter(({ task }) => task !== 'a'), ...(withIt ? [again] : [])];
    sweep.feed({ kind: 'plan-given', plan: { ...plan, segments } });
    sweep.obey();
    expect(sweep.session.state.plan).toMatchObject({ given: true, fresh: true });
    return sweep;
  }

  it('who goes on does so by it', () => {
    const sweep = given(true);
    sweep.reach(9, 0.3);
    sweep.reach(9, 0.4);
    expect(sweep.task('a').pausedAt).toBeUndefined();
    expect(sweep.session.state.plan).toMatchObject({ given: true, fresh: true });
    sweep.reach(9, 0.5);
    expect(sweep.training?.task).toBe('a');
    expect(sweep.session.state.plan).toMatchObject({ given: true, fresh: true });
    sweep.assertReplay();
  });

  it('another is made only for one that it does not have', () => {
    const sweep = given(false);
    sweep.reach(9, 0.3);
    sweep.reach(9, 0.4);
    expect(sweep.task('a').pausedAt).toBeUndefined();
    expect(sweep.session.state.plan?.given).toBeUndefined();
    const planned = sweep.session.state.plan!.plan.segments.map(({ task }) => task);
    expect(planned).toContain('a');
    sweep.assertReplay();
  });
});

describe('a journal that is read by other rules', () => {
  const BY = ['tasks are compared later', 'more tasks go on at a rung', 'fewer tasks go on at a rung'];

  it.each(BY)('tells who was given up and who waits: %s', name => {
    const sweep = new Sweep(['a', 'b', 'c', 'd']);
    const random = () => 0.5;
    const read = () => replayed(sweep.log.map(told => RULES[name]!(told, random))).state;
    const known = ({ tasks, goal }: ReturnType<typeof read>) => [
      goal,
      tasks.map(({ status, givenUp, pausedAt }) => [status, givenUp, pausedAt])
    ];
    for (const loss of [0.2, 0.3, 0.4]) {
      sweep.reach(9, loss);
      expect(known(read())).toEqual(known(sweep.session.state));
    }
    while (sweep.training) {
      const { task, attempt } = sweep.training;
      sweep.training = undefined;
      sweep.group(task, attempt, 'finished', { step: 81 });
      sweep.obey();
      expect(known(read())).toEqual(known(sweep.session.state));
    }
    expect(sweep.session.state.goal).toBe('none');
  });
});
