import { checkPlan } from '../../core/model/checker/checker.js';
import { unmetConstraints } from '../../core/model/constraints/constraints.js';
import { planRequest } from '../../core/session/planRequest.js';
import { deviceKey } from '../../core/session/projection.js';
import type { ISession } from '../../core/session/session.js';
import { SaturnError } from '../../core/wire/failure.js';
import type { Plan, PlanRequest, Segment, SessionEvent } from '../../core/wire/messages.js';

/** Faults told before the rest is left out. */
const TOLD = 3;

/**
 * The event by which a session follows a plan that a client made. What the plan says of its quality is not believed:
 * of that nothing is known.
 *
 * @param now - seconds since the epoch.
 * @throws SaturnError `plan-refused` with what the plan checker finds wrong.
 */
export function givenPlanEvent(session: ISession, given: readonly Segment[], now: number): SessionEvent {
  const request = planRequest(session.state, now, { explain: false });
  const plan = planOf(request, given);
  const faults = checkPlan(request, plan);
  if (faults.length > 0) {
    const more = faults.length > TOLD ? ` And ${faults.length - TOLD} more.` : '';
    throw new SaturnError({
      code: 'plan-refused',
      message: `The plan cannot be followed. ${faults.slice(0, TOLD).join(' ')}${more}`,
      hint: 'Correct it, or let one be made with %saturn plan.'
    });
  }
  return { kind: 'plan-given', plan };
}

function planOf(request: PlanRequest, given: readonly Segment[]): Plan {
  const segments = request.tasks.some(({ running }) => running) ? retimed(request, given) : [...given];
  const makespan = segments.reduce((latest, { end }) => Math.max(latest, end), 0);
  const planned = new Set(segments.map(({ task }) => task));
  const ends = request.tasks.map(
    ({ name, weight = 1 }) =>
      weight * segments.reduce((latest, { task, end }) => (task === name ? Math.max(latest, end) : latest), 0)
  );
  const conflicts = unmetConstraints(request, segments, makespan);
  return {
    segments,
    unplanned: request.tasks
      .filter(({ name, options }) => options.length === 0 && !planned.has(name))
      .map(({ name, reason = '' }) => ({ task: name, reason })),
    makespan,
    lowerBound: 0,
    gap: 0,
    binding: 'none',
    optimal: false,
    method: 'given',
    baselines: [],
    ...(request.objective === 'weighted-completion' && {
      weightedCompletion: { seconds: ends.reduce((sum, end) => sum + end, 0), lowerBound: 0, gap: 0 }
    }),
    ...(conflicts.length > 0 && { conflicts })
  };
}

/**
 * The plan as of now, while tasks train: these have done some of their steps since it was made, and each device
 * follows its order.
 */
function retimed(request: PlanRequest, given: readonly Segment[]): Segment[] {
  const tasks = new Map(request.tasks.map(task => [task.name, task]));
  const free = new Map<string, number>();
  return [...given]
    .sort((a, b) => a.start - b.start)
    .map(segment => {
      const { running, steps, options, earliestStart = 0 } = tasks.get(segment.task) ?? {};
      const keys = segment.devices.map(device => deviceKey(segment.node, device));
      const option = options?.at(-1);
      const stays = running !== undefined && option !== undefined && segment.start === 0;
      const seconds = stays ? (steps ?? 0) * option.stepSeconds : segment.end - segment.start;
      const start = Math.max(
        stays ? 0 : earliestStart,
        ...[...keys, segment.task].map(key => free.get(key) ?? 0)
      );
      const end = start + seconds;
      for (const key of [...keys, segment.task]) {
        free.set(key, end);
      }
      return { ...segment, start, end, ...(stays && { steps: steps ?? 0 }) };
    });
}
