import { expect, it } from 'vitest';
import { ENGLISH } from '../../../src/core/model/translation.js';
import { attemptsView } from '../../../src/core/view/detail/attemptsView.js';
import { placeWords } from '../../../src/core/view/format/taskText.js';
import { sessionWishWords } from '../../../src/core/view/format/wishText.js';
import { sessionGantt } from '../../../src/core/view/gantt/sessionGantt.js';
import { profileMatrix } from '../../../src/core/view/profile/profileMatrix.js';
import { profileTable } from '../../../src/core/view/profile/profileTable.js';
import { timesLeft } from '../../../src/core/view/status/timeLeft.js';
import { checkList } from '../../../src/core/view/tasks/checkView.js';
import { taskChecks } from '../../../src/core/view/tasks/taskChecks.js';
import { taskRows } from '../../../src/core/view/taskTable/taskRow.js';
import type {
  Attempt,
  Inspection,
  ProfileCell,
  SessionState,
  TaskState
} from '../../../src/core/wire/messages.js';
import { cpuNode, inspection, spec } from '../session/sessionHarness.js';

const SINGLE = { technique: 'single', devices: 1 };
const T0 = 1000;

function adapter(name: string, attempt: Partial<Attempt>, more: Partial<TaskState> = {}): TaskState {
  const found: Inspection = {
    ...inspection('sig', 100, [SINGLE]),
    fusion: { base: 'base', sites: 2, rank: 8 }
  };
  return {
    spec: spec(name),
    status: 'running',
    inspection: found,
    attempts: [
      {
        number: 1,
        strategy: SINGLE,
        node: 'node',
        devices: ['cpu0'],
        requestedAt: T0,
        fusion: 'run',
        ...attempt
      }
    ],
    progress: { step: 10, at: T0 + 30 },
    ...more
  };
}

const cell = (signature: string, stepSeconds: number, more: Partial<ProfileCell> = {}): ProfileCell => ({
  ...{ signature, strategy: SINGLE, status: 'ok', source: 'measured', stepSeconds },
  ...more
});

/** Three adapters in one run, of which one is done, and one by itself. */
function state(): SessionState {
  return {
    session: 'test',
    folder: '/tmp/test',
    rev: 1,
    goal: 'run',
    agent: 'connected',
    cluster: { nodes: [cpuNode(1)] },
    tasks: [
      adapter('a', { startedAt: T0 + 1 }),
      adapter('b', { startedAt: T0 + 1, endedAt: T0 + 20, outcome: 'finished' }, { status: 'finished' }),
      adapter('c', { startedAt: T0 + 1 }),
      { ...adapter('d', {}), status: 'ready', attempts: [] }
    ],
    cells: [cell('sig', 1), cell('base', 1.4, { fused: 2 }), cell('base', 2, { fused: 8, status: 'oom' })],
    trials: [],
    trialsDone: 0,
    run: { startedAt: T0 },
    planning: false,
    excludeTechniques: [],
    notices: []
  };
}

it('a run of several is one bar of the schedule, with the names of all and how many train still', () => {
  const chart = sessionGantt(state(), T0 + 30, ENGLISH)!;
  const bars = chart.bars.filter(({ kind }) => kind === 'actual');
  expect(bars).toHaveLength(1);
  expect(bars[0]).toMatchObject({
    tasks: ['a', 'c', 'b'],
    brief: '3 fused',
    state: 'running',
    start: 0,
    end: 30
  });
  expect(bars[0]!.detail).toContain('a, c and b, fused in one run');
  expect(bars[0]!.detail).toContain('2 of them train still');
});

it('tables say with how many others a task is trained, and share the time of the device', () => {
  const now = state();
  expect(placeWords(now.tasks[0]!, now, ENGLISH)).toBe('single x1 on cpu0, fused with 2 others');
  const { rows } = taskRows(now, T0 + 30);
  expect(rows.map(({ others }) => others)).toEqual([2, 2, 2, 0]);
  expect(rows[0]).toMatchObject({ took: 30, deviceSeconds: 10 });
  expect(JSON.stringify(attemptsView(now.tasks[1]!, now, T0 + 30, ENGLISH))).toContain('fused with 2 others');
});

it('check says who can be trained together, and why one cannot', () => {
  const now = state();
  const told = (tasks: readonly TaskState[]): string =>
    JSON.stringify(taskChecks(tasks, ENGLISH).map(check => checkList(check, ENGLISH)));
  expect(told(now.tasks)).toContain('in one run with 3 others of the same model');
  expect(told(now.tasks.slice(0, 2))).toContain('in one run with 1 other of the same model');
  expect(told(now.tasks.slice(0, 1))).toContain('that no other can be trained with');
  const reason = 'dropout draws for all at once';
  const alone = { ...now.tasks[0]!, inspection: { ...now.tasks[0]!.inspection!, fusion: { reason } } };
  expect(told([alone])).toContain(`an adapter that is trained alone: ${reason}.`);
});

it('the profile has a row for each number of tasks that was tried', () => {
  const matrix = profileMatrix(state());
  const { classes } = matrix;
  expect(classes).toHaveLength(2);
  expect(classes[1]!.rows.map(({ fused, entries }) => [fused, entries[0]!.kind])).toEqual([
    [2, 'measured'],
    [8, 'oom']
  ]);
  const text = JSON.stringify(profileTable(matrix, true, ENGLISH));
  expect(text).toContain('single, 2 fused');
  expect(text).toContain('in one run');
  // As one alone is as fast as ever.
  expect(classes[0]!.rows[0]!.entries[0]).toMatchObject({ kind: 'measured', cell: { stepSeconds: 1 } });
});

it('what waits in one run waits for its devices once', () => {
  const segment = (task: string, steps: number) => ({
    ...{ task, strategy: SINGLE, node: 'node', devices: ['cpu0'], start: 0, end: 140 },
    ...{ steps, fusion: 'a+b' }
  });
  const waiting: SessionState = {
    ...state(),
    tasks: ['a', 'b'].map(name => ({
      ...adapter(name, {}),
      status: 'ready',
      attempts: [],
      progress: { step: 0 }
    })),
    plan: {
      plan: {
        segments: [segment('a', 100), segment('b', 100)],
        ...{ unplanned: [], makespan: 140, lowerBound: 0, gap: 0, binding: 'none' },
        ...{ optimal: false, method: 'construction', baselines: [] }
      },
      madeAt: T0,
      fresh: true
    }
  };
  expect([...timesLeft(waiting, T0).values()].map(Math.round)).toEqual([140, 140]);
});

it('a wish to train none together is told', () => {
  const words = sessionWishWords({ wishes: { fuse: 'never' }, tasks: [] }, ENGLISH);
  expect(words).toEqual([{ wish: 'fuse', text: 'no two tasks in one run' }]);
});
