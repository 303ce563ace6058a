import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../src/core/model/translation.js';
import type { SessionState, TaskStatus } from '../../../src/core/wire/messages.js';
import { sessionNews } from '../../../src/lab/notifications/sessionNews.js';
import { finishedState, runningState } from '../../fixtures/sessionStates.js';

const news = (before: SessionState, after: SessionState) => sessionNews(before, after, ENGLISH);

/** As it was, with tasks in other states. */
const withStatus = (state: SessionState, status: TaskStatus, ...places: number[]): SessionState => ({
  ...state,
  tasks: state.tasks.map((task, i) => (places.includes(i) ? { ...task, status } : task))
});

describe('sessionNews', () => {
  it('tells the end once, and what came of it', () => {
    const [ended, ...others] = news(runningState(), finishedState());
    expect(others).toEqual([]);
    expect(ended).toMatchObject({ kind: 'ended', isTrouble: false });
    expect(ended!.text).toBe('quickstart: 12 tasks trained in 1 min.');
    expect(news(finishedState(), finishedState())).toEqual([]);
  });

  it('tells an end with failures as trouble', () => {
    const [ended] = news(runningState(), withStatus(finishedState(), 'failed', 0, 1, 2, 3));
    expect(ended).toMatchObject({ kind: 'ended', isTrouble: true });
    expect(ended!.text).toMatch(/8 trained, 4 failed: .+ and 1 more\./);
  });

  it('says nothing of an end that somebody made', () => {
    expect(news(runningState(), withStatus(finishedState(), 'stopped', 3))).toEqual([]);
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
