import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { attemptsView } from '../../../../src/core/view/detail/attemptsView.js';
import { loadingCode, modelPath, noCheckpoints } from '../../../../src/core/view/detail/checkpointText.js';
import { noCurves } from '../../../../src/core/view/detail/curveState.js';
import { curveTable, evenPlaces, writtenPlaces } from '../../../../src/core/view/detail/curveTable.js';
import { curveTasks } from '../../../../src/core/view/detail/curveTasks.js';
import {
  metricLabel,
  metricValue,
  sortedMetrics,
  tickText
} from '../../../../src/core/view/detail/curveText.js';
import { noOutput } from '../../../../src/core/view/detail/outputState.js';
import type { CurveAxis } from '../../../../src/core/view/detail/plottedCurves.js';
import { taskDevicesView } from '../../../../src/core/view/detail/taskDevicesView.js';
import { taskWhyView } from '../../../../src/core/view/detail/taskWhyView.js';
import type { Blocks } from '../../../../src/core/view/display/block.js';
import { display } from '../../../../src/core/view/display/display.js';
import type { SessionState, TaskState } from '../../../../src/core/wire/messages.js';
import {
  definedSession,
  emptySession,
  explainedSession,
  finishedSession,
  plannedSession,
  profilingSession,
  runningSession,
  T0
} from '../sessionStates.js';

const text = (blocks: Blocks): string => display('detail', blocks, ENGLISH).text;
const withTask = (state: SessionState, i: number, part: Partial<TaskState>): TaskState => ({
  ...(state.tasks[i] as TaskState),
  ...part
});

describe('the attempts of a task', () => {
  it('are told with how and where, which steps, how long and how they ended', () => {
    const state = finishedSession();
    expect(text(attemptsView(state.tasks[7] as TaskState, state, T0 + 100, ENGLISH))).toMatchSnapshot();
  });

  it('of one that trains goes on', () => {
    const state = runningSession();
    const task = state.tasks.find(({ status }) => status === 'running') as TaskState;
    const shown = text(attemptsView(task, state, T0 + 12, ENGLISH));
    expect(shown).toContain('trains');
    expect(shown).toContain(`1 to ${task.progress.step}`);
  });

  it.each([
    ['inspecting', 'none', 'It is being built'],
    ['invalid', 'none', 'It cannot be built'],
    ['ready', 'none', '%saturn run'],
    ['ready', 'run', 'Its turn comes by the plan']
  ] as const)('that is %s while %s: says why there are none', (status, goal, words) => {
    const state = { ...plannedSession(), goal };
    expect(text(attemptsView(withTask(state, 0, { status }), state, T0, ENGLISH))).toContain(words);
  });

  it.each([
    ['lost', true, 'by no fault of the task'],
    ['lost', false, 'its processes were lost'],
    ['oom', undefined, 'out of memory'],
    ['stopped', undefined, 'was stopped']
  ] as const)('that ended %s (%s)', (outcome, blameless, words) => {
    const state = finishedSession();
    const [attempt] = state.tasks[3]!.attempts;
    const task = withTask(state, 3, { status: 'stopped', attempts: [{ ...attempt!, outcome, blameless }] });
    expect(text(attemptsView(task, state, T0 + 100, ENGLISH))).toContain(words);
  });
});

describe('why a task has its strategy', () => {
  it('is told of it alone: the choice, what others would cost, and its speeds', () => {
    const state = explainedSession();
    const task = state.tasks.at(-1) as TaskState;
    const shown = text(taskWhyView(task, state, ENGLISH));
    expect(shown).toMatchSnapshot();
    for (const other of state.tasks.filter(one => one.inspection?.signature !== task.inspection?.signature)) {
      expect(shown).not.toContain(other.spec.name);
    }
  });

  it.each([
    ['without a plan', profilingSession, {}, 'No plan has it yet'],
    ['not built', definedSession, { inspection: undefined }, 'It is not built yet'],
    ['not to be built', definedSession, { status: 'invalid' }, 'It cannot be built'],
    ['not measured', definedSession, {}, '2 not measured, 1 not possible']
  ] as const)('%s', (_, make, part, words) => {
    const state = make();
    expect(text(taskWhyView(withTask(state, 0, part), state, ENGLISH))).toContain(words);
  });

  it('of one that the plan leaves out is the reason', () => {
    const state = plannedSession();
    const { plan } = state.plan!;
    const task = state.tasks[0] as TaskState;
    plan.segments = plan.segments.filter(segment => segment.task !== task.spec.name);
    plan.unplanned = [{ task: task.spec.name, reason: 'It fits on no device.' }];
    expect(text(taskWhyView(task, state, ENGLISH))).toContain('It fits on no device.');
  });
});

describe('the devices of a task', () => {
  it('are told with device time and memory', () => {
    const state = finishedSession();
    expect(text(taskDevicesView(state.tasks[10] as TaskState, state, T0 + 100, ENGLISH))).toMatchSnapshot();
  });

  it('are those of the plan before it trains', () => {
    const state = plannedSession();
    const shown = text(taskDevicesView(state.tasks.at(-1) as TaskState, state, T0, ENGLISH));
    expect(shown).toContain('By the plan');
    expect(shown).not.toContain('Device time so far');
  });

  it('are none without a plan', () => {
    const state = definedSession();
    expect(text(taskDevicesView(state.tasks[0] as TaskState, state, T0, ENGLISH))).toContain(
      'no plan has it'
    );
  });
});

describe('whose curves are drawn', () => {
  it('those selected, in their order, and no note', () => {
    const state = runningSession();
    const names = [state.tasks[4]!.spec.name, 'gone', state.tasks[2]!.spec.name];
    const { tasks, note } = curveTasks(state, names, ENGLISH);
    expect(tasks.map(({ spec }) => spec.name)).toEqual([names[0], names[2]]);
    expect(note).toBeUndefined();
  });

  it('those that have begun while they are few, else the best', () => {
    const state = finishedSession();
    const { tasks, note } = curveTasks(state, [], ENGLISH);
    expect(tasks).toHaveLength(10);
    expect(note).toBe('No task is selected: these are the 10 best by accuracy.');
    const accuracy = tasks.map(({ result }) => result?.metrics.accuracy ?? 0);
    expect(accuracy).toEqual([...accuracy].sort((a, b) => b - a));
    const begun = curveTasks(runningSession(3), [], ENGLISH);
    expect(begun.note).toContain('all that have begun');
    expect(begun.tasks.every(({ attempts }) => attempts.length > 0)).toBe(true);
  });
});

describe('why there is no curve', () => {
  const about = {
    ...{ metric: 'loss', metrics: [], isAsking: false, log: false },
    ...{ axis: 'step' as CurveAxis, isZoomed: false }
  };
  const logged = { ...about, metrics: ['loss'] };
  const state = runningSession();
  const begun = state.tasks.filter(({ attempts }) => attempts.length > 0);

  it.each([
    ['no task', emptySession(), [], about, 'No tasks yet'],
    ['none has begun', plannedSession(), [], about, '%saturn run'],
    [
      'none has begun in a run',
      { ...plannedSession(), goal: 'run' as const },
      [],
      about,
      'measured and planned'
    ],
    ['asked', state, begun, { ...about, isAsking: true }, 'Reading…'],
    ['nothing logged', state, begun, about, 'Nothing is logged yet'],
    [
      'not this metric',
      state,
      begun,
      { ...about, metric: 'lr', metrics: ['loss'] },
      'Learning rate: nothing of it'
    ],
    ['nothing above zero', state, begun, { ...logged, log: true }, 'no value above zero'],
    ['no number', state, begun, logged, 'none of its values is a number'],
    ['nothing in sight', state, begun, { ...logged, isZoomed: true }, 'no value in what is looked at'],
    [
      'no size of a batch',
      state,
      begun.map(({ inspection: _, ...task }) => task),
      { ...logged, axis: 'sample' as const },
      'How many samples'
    ]
  ])('%s', (_, session, tasks, what, words) =>
    expect(text(noCurves(session, tasks, what, ENGLISH))).toContain(words)
  );
});

describe('curves as a table', () => {
  const lines = [
    { task: 'a', x: [1, 2, 3], y: [1, 0.5, 0.25], switches: [] },
    { task: 'b', x: [1, 2], y: [2, null], switches: [] }
  ];

  it('has a row a task and a column a place', () => {
    const table = curveTable(lines, [1, 2, 3], { metric: 'loss', axis: 'step' }, ENGLISH);
    expect(table.columns.map(({ label }) => label)).toEqual(['Task', 'step 1', 'step 2', 'step 3']);
    expect(table.rows).toEqual([
      ['a', '1.000', '0.5000', '0.2500'],
      ['b', '2.000', '–', '–']
    ]);
  });

  it('takes places that are written, whatever is between them', () => {
    expect(writtenPlaces(' 500, 100;x 100 -3 7.5')).toEqual([7.5, 100, 500]);
    expect(evenPlaces(lines, 'step')).toEqual([1, 2, 3]);
    expect(evenPlaces([], 'step')).toEqual([]);
  });
});

describe('the words of metrics', () => {
  it('are plain', () => {
    expect(['loss', 'eval/accuracy', 'my_part'].map(name => metricLabel(name, ENGLISH))).toEqual([
      'Training loss',
      'accuracy (evaluated)',
      'my_part'
    ]);
    expect(metricValue('peak_bytes', 3 * 2 ** 30, ENGLISH)).toBe('3 GiB');
    expect(metricValue('step_seconds', 0.0421, ENGLISH)).toBe('42 ms');
    expect(metricValue('loss', null, ENGLISH)).toBe('not a number');
    expect([0.25, 1e-5, 120000, 0].map(value => tickText('loss', value))).toEqual([
      '0.25',
      '1e-5',
      '1.2e5',
      '0'
    ]);
  });

  it('come in the order of interest', () => {
    expect(sortedMetrics(['step_seconds', 'zeta', 'lr', 'eval/f1', 'loss', 'eval/accuracy'])).toEqual([
      'loss',
      'eval/accuracy',
      'eval/f1',
      'zeta',
      'lr',
      'step_seconds'
    ]);
  });
});

describe('what there is of a task on disk', () => {
  const state = runningSession();
  const running = state.tasks.find(({ status }) => status === 'running') as TaskState;

  it('says why there is nothing', () => {
    expect(text(noCheckpoints(running, state, ENGLISH))).toContain('The first is saved some time after');
    expect(text(noOutput(running, state, { attempt: null, rank: 0 }, ENGLISH))).toContain('written nothing');
    expect(text(noOutput(running, state, { attempt: 1, rank: 3 }, ENGLISH))).toContain('Rank 3');
    expect(text(noOutput(running, state, { attempt: 0, rank: 0 }, ENGLISH))).toContain('when it was built');
  });

  it.each([
    ['/a/"b"/model.pt', undefined, 'torch.load("/a/\\"b\\"/model.pt"'],
    ['/a/model', undefined, 'from_pretrained("/a/model")'],
    ['/a/checkpoints/step-7', 'checkpoint', 'dcp_to_torch_save("/a/checkpoints/step-7"'],
    ['/a/checkpoints/best/step-7', 'best', 'dcp_to_torch_save("/a/checkpoints/best/step-7"'],
    ['/a/checkpoints/final/step-7', 'final', 'torch.load("/a/checkpoints/final/step-7/weights.pt"'],
    ['/a/native/step-7', 'checkpoint', 'torch.load("/a/native/step-7/state.pt"'],
    ['/a/native/checkpoint-7', 'checkpoint', 'from_pretrained("/a/native/checkpoint-7")']
  ] as const)('is loaded by code that fits it: %s', (path, kind, code) => {
    expect(loadingCode(path, kind)).toContain(code);
  });

  it('has a model when it is trained', () => {
    const done = finishedSession();
    expect(modelPath(done.tasks[2] as TaskState, done)).toBe(
      '/home/ada/sweeps/.saturn/digits/models/digits-mlp-64-1e-3.pt'
    );
    expect(modelPath(running, state)).toBeUndefined();
  });
});
