import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../src/core/model/translation.js';
import type { SessionState, TaskStatus } from '../../../src/core/wire/messages.js';
import { type ISessionNews, sessionNews } from '../../../src/lab/notifications/sessionNews.js';
import { finishedState, runningState } from '../../fixtures/sessionStates.js';
import { SessionHarness, spec } from '../../unit/session/sessionHarness.js';
import { clusteredSession } from '../../unit/view/sessionStates.js';

const news = (before: SessionState, after: SessionState) => sessionNews(before, after, ENGLISH);

/** As it was, with tasks in other states. */
const withStatus = (state: SessionState, status: TaskStatus, ...places: number[]): SessionState => ({
  ...state,
  tasks: state.tasks.map((task, i) => (places.includes(i) ? { ...task, status } : task))
});

/** A session of three tasks, of which the first trains. */
function training(): SessionHarness {
  const sim = new SessionHarness();
  sim.connect(2);
  sim.feed({ kind: 'tasks-added', tasks: ['a', 'b', 'c'].map(name => spec(name)) });
  sim.settle();
  sim.feed({ kind: 'profile-requested' });
  sim.settle();
  sim.feed({ kind: 'run-requested' });
  settlePlan(sim);
  sim.take('start'); // it trains on until it is stopped
  return sim;
}

function settlePlan(sim: SessionHarness): void {
  for (let plan = sim.take('plan').at(-1); plan; plan = sim.take('plan').at(-1)) {
    sim.perform(plan);
  }
}

const stop = (sim: SessionHarness, task: string) => sim.feed({ kind: 'stop-requested', tasks: [task] });

const statuses = (sim: SessionHarness) =>
  Object.fromEntries(sim.session.state.tasks.map(task => [task.spec.name, task.status]));

/** What is told while everything that is on its way goes to its end. */
function rest(sim: SessionHarness): ISessionNews[] {
  const told: ISessionNews[] = [];
  for (let next = sim.pending.shift(); next; next = sim.pending.shift()) {
    const before = sim.session.state;
    sim.perform(next);
    told.push(...news(before, sim.session.state));
  }
  return told;
}

describe('sessionNews', () => {
  it('tells of a node that is lost, and of its coming back', () => {
    const lost = clusteredSession();
    const [own, one, other] = lost.nodes!;
    const there = { id: 'gpu-7', devices: [] };
    const before: SessionState = {
      ...lost,
      cluster: { nodes: [...lost.cluster!.nodes, there] },
      nodes: [own!, one!, { id: 'gpu-7', state: 'connected', since: other!.since - 9 }]
    };
    expect(news(before, lost)).toMatchObject([
      {
        kind: 'failed',
        isTrouble: true,
        text: 'digits: node gpu-7 is away; its tasks go on elsewhere from their checkpoints. Ray has lost it.'
      }
    ]);
    expect(news(lost, before)).toMatchObject([
      { kind: 'found', isTrouble: false, text: 'digits: node gpu-7 is there again.' }
    ]);
    const waited: SessionState = { ...before, nodes: [own!, one!, { ...other!, error: undefined }] };
    expect(news(before, waited)).toEqual([]);
    expect(news(waited, lost)).toHaveLength(1);
  });

  it('tells of nodes that are lost together, as with the head of their cluster, in one', () => {
    const lost = clusteredSession();
    const ids = ['gpu-1', 'gpu-2', 'gpu-3', 'gpu-4', 'gpu-5'];
    const [own] = lost.nodes!;
    const nodes = (state: 'away' | 'connected', since: number) =>
      ids.map(id => ({ id, state, since, ...(state === 'away' && { error: other }) }));
    const other = lost.nodes!.at(-1)!.error!;
    const before: SessionState = {
      ...lost,
      cluster: { nodes: ids.map(id => ({ id, devices: [] })) },
      nodes: [own!, ...nodes('connected', 1)]
    };
    const after = { ...lost, cluster: { nodes: [] }, nodes: [own!, ...nodes('away', 2)] };
    expect(news(before, after).map(({ text }) => text)).toEqual([
      'digits: nodes gpu-1, gpu-2, gpu-3 and 2 more are away; their tasks go on elsewhere from their checkpoints. Ray has lost it.'
    ]);
    expect(news(after, before).map(({ text }) => text)).toEqual([
      'digits: nodes gpu-1, gpu-2, gpu-3 and 2 more are there again.'
    ]);
  });

  it('tells the end once, and what came of it', () => {
    const [ended, ...others] = news(runningState(), finishedState());
    expect(others).toEqual([]);
    expect(ended).toMatchObject({ kind: 'ended', isTrouble: false });
    expect(ended!.text).toBe('quickstart: 12 tasks trained in 1 min.');
    expect(news(finishedState(), finishedState())).toEqual([]);
  });

  it('tells how many were given up on the way', () => {
    const state = finishedState();
    const givenUp = { rule: 'asha', step: 3, place: 9, of: 12 };
    const after: SessionState = {
      ...state,
      tasks: state.tasks.map((task, i) => (i < 9 ? { ...task, status: 'stopped', givenUp } : task))
    };
    const text = (end: SessionState) => news(runningState(), end).map(one => one.text);
    expect(text(after)).toEqual(['quickstart: 3 tasks trained in 1 min, 9 given up.']);
    expect(text(withStatus(after, 'failed', 11))[0]).toMatch(/; 2 trained, 9 given up, 1 failed: .+\.$/);
  });

  it('tells an end with failures as trouble', () => {
    const [ended] = news(runningState(), withStatus(finishedState(), 'failed', 0, 1, 2, 3));
    expect(ended).toMatchObject({ kind: 'ended', isTrouble: true });
    expect(ended!.text).toMatch(/8 trained, 4 failed: .+ and 1 more\./);
  });

  it('says nothing of a training that is stopped', () => {
    const sim = training();
    const before = sim.session.state;
    sim.feed({ kind: 'stop-requested' });
    expect(statuses(sim)).toEqual({ a: 'stopping', b: 'ready', c: 'ready' });
    expect(news(before, sim.session.state)).toEqual([]);
    expect(rest(sim)).toEqual([]);
  });

  it.each([
    ['stopped', (sim: SessionHarness, task: string) => stop(sim, task)],
    ['taken out', (sim: SessionHarness, task: string) => sim.feed({ kind: 'tasks-removed', tasks: [task] })]
  ])('says nothing of an end that comes as the last task is %s', (_, act) => {
    const sim = training();
    sim.feed({ kind: 'stop-requested', tasks: ['b', 'c'] });
    settlePlan(sim);
    act(sim, 'a');
    expect(rest(sim)).toEqual([]);
    expect(sim.session.state.run).toHaveProperty('endedAt');
    expect(statuses(sim)).not.toHaveProperty('a', 'stopping');
  });

  it('tells the end of the others where one was stopped by itself', () => {
    const sim = training();
    stop(sim, 'a');
    sim.perform(sim.take('stop')[0]!);
    expect(statuses(sim)).toMatchObject({ a: 'stopped' });
    expect(rest(sim).map(({ kind, isTrouble }) => [kind, isTrouble])).toEqual([['ended', false]]);
  });

  it('tells an end that comes as no device is left', () => {
    const state = withStatus(finishedState(), 'ready', 3);
    const notice = { code: 'no-device-left', message: 'No device is left: cpu0.', hint: 'Set the devices.' };
    expect(news(runningState(), { ...state, notices: [notice] })).toMatchObject([
      {
        kind: 'ended',
        isTrouble: true,
        text: 'quickstart has ended. No device is left: cpu0. Set the devices.'
      }
    ]);
  });

  it('tells an end that leaves tasks for which there is no place, or of which nobody has asked', () => {
    const [before, after] = [runningState(), withStatus(finishedState(), 'ready', 3)];
    const left = after.tasks[3]!.spec.name;
    const selected = after.tasks.map(({ spec }) => spec.name).filter(name => name !== left);
    const unplanned = [{ task: left, reason: 'It fits nowhere.' }];
    const plan = { ...after.plan!, plan: { ...after.plan!.plan, unplanned } };
    expect(news(before, after)).toEqual([]);
    expect(news({ ...before, selected }, after)).toHaveLength(1);
    expect(news(before, { ...after, plan })).toHaveLength(1);
  });

  it('tells of the first failure of a run while others go on, by one key for all', () => {
    const state = runningState();
    const [one] = news(state, withStatus(state, 'failed', 4));
    const [other] = news(withStatus(state, 'failed', 4), withStatus(state, 'failed', 4, 5));
    expect(one).toMatchObject({ kind: 'failed', isTrouble: true });
    expect(one!.text).toContain(state.tasks[4]!.spec.name);
    expect(other!.key).toBe(one!.key);
  });

  it('tells what is waited for', () => {
    const state = runningState();
    const error = { code: 'disk-full', message: 'The disk is full.', hint: 'Free 2 GiB.' };
    const [paused] = news(state, { ...state, pause: { error, since: 7 } });
    expect(paused).toMatchObject({
      kind: 'decision',
      text: 'quickstart is paused. The disk is full. Free 2 GiB.'
    });
    expect(news({ ...state, pause: { error, since: 7 } }, { ...state, pause: { error, since: 7 } })).toEqual(
      []
    );
    const [away] = news(state, { ...state, agent: 'away' });
    expect(away).toMatchObject({ kind: 'decision' });
  });

  it('tells of wishes that the plan no longer meets, each once', () => {
    const state = runningState();
    const conflict = { constraint: 'deadline' as const, task: 'digits', message: 'It ends late.' };
    const unmet = {
      ...state,
      plan: { ...state.plan!, plan: { ...state.plan!.plan, conflicts: [conflict] } }
    };
    expect(news(state, unmet)).toMatchObject([{ kind: 'decision' }]);
    expect(news(state, unmet)[0]!.text).toContain('digits');
    expect(news(unmet, unmet)).toEqual([]);
  });

  it('has none while all is well', () => {
    expect(news(runningState(), { ...runningState(), rev: 91 })).toEqual([]);
  });
});
