// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../src/core/model/translation.js';
import type { ILoggedCurve } from '../../../src/core/view/curves/curveChart.js';
import { render } from '../../../src/core/view/render.js';
import { progressLine } from '../../../src/core/view/status/progressLine.js';
import { type Replan, type SessionState, type TaskState, validate } from '../../../src/core/wire/messages.js';
import { hostileState, UNPRINTABLE } from '../../fixtures/hostileState.js';
import { loggedBy } from './loggedCurves.js';
import {
  clusteredSession,
  definedSession,
  emptySession,
  explainedSession,
  finishedSession,
  intricateSession,
  plannedSession,
  profiledSession,
  profilingSession,
  runningSession,
  T0,
  variedSession
} from './sessionStates.js';

const NOW = T0 + 12;
const VIEWS = [
  'cluster',
  'tasks',
  'check',
  'profile',
  'techniques',
  'plan',
  'schedule',
  'status',
  'run',
  'results',
  'log',
  'report'
] as const;

const stale = plannedSession();
stale.plan!.fresh = false;
stale.plan!.plan.unplanned = [
  { task: 'digits-vit-64-1e-3', reason: 'It needs more memory than any device has.' }
];

const OWN = [
  { name: 'mine', target: 'mine:Mine', source: 'class Mine: ...' },
  { name: 'theirs', target: 'lab.techniques:Theirs' }
];

/** Planned anew once while tasks trained, and over if the session is. */
function replanned(state: SessionState): SessionState {
  const run = state.run!;
  const took = run.endedAt === undefined ? {} : { took: run.endedAt - T0 - 6 };
  const causes: Replan['causes'] = [{ kind: 'speed', tasks: ['digits-mlp-32-1e-3'], factor: 1.4 }];
  const replan: Replan = { number: 1, at: T0 + 6, adoptedAt: T0 + 7, causes, moves: [], makespan: 40 };
  const outcome = { seconds: 40, plans: 1, moves: 0, firstPlanSeconds: 48 };
  return {
    ...state,
    replans: [{ ...replan, carryOn: 48, ...took }],
    run: { ...run, ...(run.endedAt !== undefined && { outcome }) }
  };
}

/** With a technique that an installed package brings. */
function packagedSession(): SessionState {
  const state = definedSession();
  for (const { inspection } of state.tasks) {
    inspection!.packages = { halves: 'saturn-halves 0.1' };
    inspection!.feasibility.push({ strategy: { technique: 'halves', devices: 1 }, feasible: true });
  }
  return state;
}

/** One task not built yet, one that cannot be built, and one that nothing can run. */
function uncheckedSession(): SessionState {
  const state = definedSession();
  const [first, second, third] = state.tasks as [TaskState, TaskState, TaskState];
  const { inspection, ...unbuilt } = first;
  const error = { code: 'not-a-task', message: 'The function returns None.', hint: 'Return a Task.' };
  const feasibility = inspection!.feasibility.map(({ strategy }) => ({
    ...{ strategy, feasible: false, reason: 'the model has no parameter to train' }
  }));
  return {
    ...state,
    tasks: [
      { ...unbuilt, status: 'inspecting' },
      { ...unbuilt, spec: second.spec, status: 'invalid', error },
      { ...third, inspection: { ...inspection!, feasibility } }
    ]
  };
}

/** Where every task is validated while it trains, and the first trained one ended by its own rule. */
function validated(state: SessionState): SessionState {
  const early = state.tasks.find(task => task.result !== undefined);
  return {
    ...state,
    tasks: state.tasks.map(task => ({
      ...task,
      validations: [
        { step: 10, metrics: { accuracy: 0.5, loss: 0.7 } },
        { step: 20, metrics: { accuracy: 0.75, loss: null } }
      ],
      ...(task === early ? { result: { ...task.result!, stoppedEarly: true } } : {})
    }))
  };
}

/** Where one model is not the last one, and another could not be evaluated. */
function unevaluated(state: SessionState): SessionState {
  const [first, second] = state.tasks.filter(task => task.result !== undefined);
  const evaluationError = {
    code: 'task-failed',
    message: 'x and y must have length at least 2.',
    traceback: 'Traceback (most recent call last):\n  File "<cell>", line 9, in pearson\nValueError: x and y'
  };
  return {
    ...state,
    run: { ...state.run!, idleSeconds: 20 },
    tasks: state.tasks.map(task => {
      const spec = { ...task.spec, best: { metric: 'accuracy', goal: 'max' as const } };
      return task === first
        ? { ...task, spec, result: { ...task.result!, metrics: {}, evaluationError } }
        : task === second
          ? { ...task, spec, result: { ...task.result!, bestStep: 40 } }
          : { ...task, spec };
    })
  };
}

function firstTask(state: SessionState): SessionState {
  return { ...state, tasks: state.tasks.slice(0, 1) };
}

const troubled: SessionState = { ...runningSession(), agent: 'away' };
troubled.notices = [
  { code: 'disk-full', message: 'The journal cannot be written.', hint: 'Free some space.' }
];

const HOSTILE_SESSIONS = [
  plannedSession(),
  explainedSession(),
  intricateSession(),
  profiledSession(),
  finishedSession(),
  uncheckedSession(),
  troubled,
  unevaluated(validated(finishedSession()))
].map(hostileState);

describe('render', () => {
  it.each([
    ['cluster', 'cluster', definedSession()],
    ['cluster', 'cluster-nodes', clusteredSession()],
    ['schedule', 'schedule-nodes', clusteredSession()],
    ['status', 'status-nodes', clusteredSession()],
    ['tasks', 'tasks', definedSession()],
    ['profile', 'profile', profiledSession()],
    ['profile', 'profile-under-way', profilingSession()],
    ['profile', 'profile-varied', variedSession()],
    ['check', 'check', variedSession()],
    ['check', 'check-troubled', uncheckedSession()],
    ['techniques', 'techniques', { ...variedSession(), techniques: OWN }],
    ['techniques', 'techniques-installed', packagedSession()],
    ['plan', 'plan', plannedSession()],
    ['plan', 'plan-stale', stale],
    ['plan', 'plan-explained', explainedSession()],
    ['plan', 'plan-intricate', intricateSession()],
    ['schedule', 'schedule', runningSession()],
    ['status', 'status', runningSession()],
    ['status', 'status-troubled', troubled],
    ['status', 'status-validated', validated(runningSession())],
    ['run', 'run', finishedSession()],
    ['results', 'results', finishedSession()],
    ['results', 'results-early', validated(finishedSession())],
    ['results', 'results-unevaluated', unevaluated(finishedSession())],
    ['status', 'status-unevaluated', unevaluated(finishedSession())],
    ['report', 'report', finishedSession()],
    ['results', 'results-curves', finishedSession(), loggedBy(finishedSession())],
    ['log', 'log', firstTask(finishedSession()), loggedBy(firstTask(finishedSession()))],
    ['log', 'log-empty', firstTask(finishedSession())],
    ['past-plan', 'past-plan', replanned(runningSession())],
    ['status', 'status-replanned', replanned(finishedSession())]
  ] as const)('%s looks as approved: %s', async (view, name, state, curves: readonly ILoggedCurve[] = []) => {
    validate('SessionState', state);
    const { text, html } = render(view, state, NOW, ENGLISH, undefined, curves);
    await expect(`${text}\n`).toMatchFileSnapshot(`output/${name}.txt`);
    await expect(`${html.trimEnd()}\n`).toMatchFileSnapshot(`output/${name}.html`);
  });

  it('says of what goes on when it was drawn, and of what is over when it ended', () => {
    const texts = ['status', 'run', 'schedule'].map(
      view => render(view as 'run', runningSession(), NOW, ENGLISH).text
    );
    expect(texts.map(text => /As of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\./.test(text))).toEqual([
      true,
      true,
      true
    ]);
    const over = render('run', finishedSession(), NOW + 1e6, ENGLISH).text;
    expect(over).not.toContain('As of');
    expect(over).toMatch(/Ended \d{4}-/);
  });

  it.each(VIEWS)('%s says the next step when there is nothing', view => {
    const { text, html } = render(view, emptySession(), NOW, ENGLISH);
    expect(text).toMatch(/%saturn|%%saturn/);
    expect(html).toContain('<code>%');
  });

  it.each([
    ['profile', definedSession(), '%saturn profile'],
    ['plan', profiledSession(), '%saturn plan'],
    ['schedule', definedSession(), '%saturn plan'],
    ['status', plannedSession(), '%saturn run'],
    ['results', plannedSession(), '%saturn run'],
    ['status', finishedSession(), '%saturn results']
  ] as const)('%s says what comes next', (view, state, step) => {
    expect(render(view, state, NOW, ENGLISH).text).toContain(step);
  });

  it.each(VIEWS)('%s is safe, closed markup whatever the state says', view => {
    for (const state of HOSTILE_SESSIONS) {
      const { text, html } = render(view, state, NOW, ENGLISH, undefined, loggedBy(state));
      expect(text).not.toMatch(UNPRINTABLE);
      expect(html).not.toMatch(UNPRINTABLE);
      const document = new DOMParser().parseFromString(html, 'text/html');
      expect(document.querySelectorAll('script, img, [onerror]')).toHaveLength(0);
      const xml = html.replace('<!DOCTYPE html>', '').replace(/<meta[^>]*>/g, '');
      const strict = new DOMParser().parseFromString(xml, 'application/xhtml+xml');
      expect(strict.querySelector('parsererror')?.textContent).toBeUndefined();
    }
  });

  it('begins the status with the progress line', () => {
    const state = runningSession();
    expect(render('status', state, NOW, ENGLISH).text.split('\n')[0]).toBe(progressLine(state, NOW, ENGLISH));
  });

  it('says which tasks the plan leaves out, and why, instead of asking to train them', () => {
    const state = plannedSession();
    state.tasks = state.tasks.slice(0, 2);
    state.plan!.plan.unplanned = state.tasks.map(task => ({ task: task.spec.name, reason: 'ddp x2: oom' }));
    const { text } = render('status', state, NOW, ENGLISH);
    expect(text).toContain('Saturn: 2 left out');
    expect(text).toContain('Left out: ddp x2: oom');
    expect(text).not.toContain('%saturn run');
  });

  it('says in the plan how many tasks could not be built', () => {
    const state = plannedSession();
    state.tasks[0]!.status = 'invalid';
    expect(render('plan', state, NOW, ENGLISH).text).toContain('1 task cannot be built and is not in it');
  });

  it('tells a failure of many tasks once, with its traceback folded', () => {
    const state = definedSession();
    const error = { code: 'factory', message: 'It raised.', traceback: 'Traceback\n  deep\nKeyError: "a"' };
    state.tasks = state.tasks.map(task => ({ ...task, status: 'invalid', inspection: undefined, error }));
    const { text, html } = render('tasks', state, NOW, ENGLISH);
    expect(text.match(/It raised/g)).toHaveLength(1);
    expect(text).toContain('and 8 more: It raised.');
    const document = new DOMParser().parseFromString(html, 'text/html');
    expect(document.querySelector('details pre')?.textContent).toBe(error.traceback);
  });
});
