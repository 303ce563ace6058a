import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { loadTable } from '../../../../src/core/view/status/deviceLoads.js';
import { scheduleChart } from '../../../../src/core/view/status/scheduleChart.js';
import type { SessionState } from '../../../../src/core/wire/messages.js';
import { definedSession, plannedSession, runningSession, T0 } from '../sessionStates.js';

const now = T0 + 60;
const started = runningSession().run!.startedAt;
const active = runningSession().tasks.find(({ attempts }) =>
  attempts.some(({ endedAt }) => endedAt === undefined)
)!;

/** A session in which a task that trains was moved by the first plan of two that were made meanwhile. */
function movedSession(): SessionState {
  const state = runningSession();
  const [attempt] = active.attempts as [(typeof active.attempts)[number]];
  const { node, devices, strategy, requestedAt: began } = attempt;
  const left = { ...attempt, endedAt: began + 8, outcome: 'stopped' as const };
  const place = { node, devices, strategy } as never;
  const replan = (number: number, at: number) => ({
    ...{ number, at, adoptedAt: at + 1, makespan: 60, causes: [{ kind: 'wishes' as const }] },
    moves: number === 1 ? [{ task: active.spec.name, before: place, after: place, start: 0 }] : []
  });
  const attempts = [left, { ...attempt, number: attempt.number + 1, requestedAt: began + 8 }];
  return {
    ...state,
    tasks: state.tasks.map(task =>
      task === active || task.spec.name === active.spec.name ? { ...task, attempts } : task
    ),
    replans: [replan(1, began + 4), replan(2, began + 9)]
  };
}

describe('scheduleChart', () => {
  it('is none while there is nothing to show, and marks nothing before training', () => {
    expect(scheduleChart(definedSession(), now, ENGLISH)).toBeNull();
    expect(scheduleChart(plannedSession(), now, ENGLISH)).not.toHaveProperty('events');
  });

  it('marks when it was planned anew, oldest first, and says why', () => {
    const { events = [] } = scheduleChart(movedSession(), now, ENGLISH)!;
    const from = active.attempts[0]!.requestedAt - started;
    expect(events.map(({ id, seconds, sign }) => [id, seconds, sign])).toEqual([
      ['1', expect.closeTo(from + 5), '1'],
      ['2', expect.closeTo(from + 10), '2']
    ]);
    expect(events[0]?.detail).toContain('something else was asked for');
  });

  it('ties the attempts of a task that was moved, and says by what plan', () => {
    const bars = scheduleChart(movedSession(), now, ENGLISH)!.bars;
    const mine = bars.filter(({ kind, task }) => kind === 'actual' && task === active.spec.name);
    expect(mine[0]?.next).toBe(mine[1]?.id);
    expect(mine[0]?.detail).toContain('moved by plan 1: ');
    expect(mine[1]?.next).toBeUndefined();
    expect(mine[0]).not.toHaveProperty('reason');
  });

  it('has a draft in the place of the plan, which it is drawn over', () => {
    const { plan } = plannedSession().plan!;
    const segments = plan.segments.map(segment => ({
      ...segment,
      start: segment.start + 5,
      end: segment.end + 5
    }));
    const draft = {
      plan: { ...plan, segments, makespan: plan.makespan + 5 },
      startsAt: now,
      pinned: new Set([segments[0]!.task]),
      deadlines: [{ seconds: 7, label: 'by then' }]
    };
    const idle = scheduleChart(plannedSession(), now, ENGLISH, { draft, movable: () => true })!;
    const first = idle.bars.find(({ task }) => task === segments[0]!.task);
    expect(first).toMatchObject({ start: segments[0]!.start, pinned: true, movable: true });
    expect(idle.makespan).toBe(plan.makespan + 5);
    expect(idle.ghosts?.map(({ start }) => start)).toEqual(plan.segments.map(({ start }) => start));
    const training = scheduleChart(runningSession(), now, ENGLISH, { draft })!;
    expect(training.makespan).toBeCloseTo(plan.makespan + 5 + now - started);
    expect(training.deadlines).toEqual([{ seconds: 7 + now - started, label: 'by then' }]);
  });

  it('draws the loads of devices from the beginning of the chart on', () => {
    const { node, devices } = active.attempts[0]!;
    const load = {
      nodes: [
        {
          node,
          starts: [started - 100, started],
          ends: [started - 50, started + 30],
          devices: [
            { id: devices[0]!, loads: [1, 0.5], memory: [null, 0.25], now: { id: devices[0]!, load: 0.5 } }
          ]
        }
      ]
    };
    const loads = scheduleChart(runningSession(), now, ENGLISH, { load })!.loads;
    const one = loads?.get(`${node}/${devices[0]}`);
    expect(one?.spans).toEqual([{ from: 0, to: 30, load: 0.5, memory: 0.25 }]);
    expect(one?.text).toBe('50 %');
    expect(one?.detail).toBe(`${devices[0]}: busy for 50 % of the time; used by ${active.spec.name}`);
  });

  it('draws what was told last up to now, unless that is long ago', () => {
    const { id, devices } = runningSession().cluster!.nodes[0]!;
    const device = devices[0]!.id;
    const ends = (end: number) => {
      const load = {
        nodes: [
          {
            ...{ node: id, starts: [started, started + 10], ends: [started + 10, end] },
            devices: [{ id: device, loads: [1, 0.5], memory: [null, null], now: { id: device, load: 0.5 } }]
          }
        ]
      };
      const { loads } = scheduleChart(runningSession(), now, ENGLISH, { load })!;
      return loads?.get(`${id}/${device}`)?.spans.map(({ to }) => to + started);
    };
    expect(ends(now - 4)).toEqual([started + 10, now]);
    expect(ends(now - 20)).toEqual([started + 10, now - 20]);
  });
});

describe('loadTable', () => {
  const device = (part: object) => ({
    nodes: [{ node: 'n', starts: [], ends: [], devices: [{ id: 'cuda0', loads: [], memory: [], ...part }] }]
  });

  it('is none while nothing is known of how things are now', () => {
    expect(loadTable({ nodes: [] }, runningSession(), ENGLISH)).toBeNull();
    expect(loadTable(device({}), runningSession(), ENGLISH)).toBeNull();
  });

  it('says how busy, with how much memory, and by whom', () => {
    const now = { id: 'cuda0', memoryBytes: 2 ** 30, totalBytes: 2 ** 31, others: ['python (process 1)'] };
    expect(loadTable(device({ now }), runningSession(), ENGLISH)?.rows).toEqual([
      ['cuda0', '–', '1 GiB of 2 GiB', 'python (process 1)']
    ]);
  });
});
