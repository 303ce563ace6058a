import type { Conflict } from '../../wire/messages.js';
import { durationPair } from '../quantities.js';
import { assertMeasure } from '../requestAssertions.js';
import { slack } from '../schedule/tolerance.js';
import { type IConstraint, type IOutcome, type ITaskOutcome, missesByTask, ROUNDING } from './constraint.js';

/** A task is done by then. */
export const deadline: IConstraint = {
  name: 'deadline',
  label: trans => trans.__('deadline'),

  assert({ tasks }) {
    for (const { name, deadline: due = 0 } of tasks) {
      assertMeasure(due, 'the deadline', () => `Task "${name}":`);
    }
  },

  unmet: schedule =>
    missesByTask(schedule, ({ deadline: due = Infinity }, segments) =>
      segments
        .filter(({ end }) => end > due + Math.max(schedule.off, slack(due)))
        .map(({ end }) => `it ends at ${end} s, after its deadline at ${due} s`)
    ),

  ofTask: ({ deadline: due }) => (due === undefined ? undefined : { deadline: due }),

  conflicts: outcome =>
    outcome.tasks
      .filter(({ task, end }) => isLate(end, task.deadline ?? Infinity, outcome.makespan))
      .map(late => ({ task: late.task.name, ...lateness(outcome, late, late.task.deadline!) }))
};

/** Whether an end misses a deadline by more than rounding. */
function isLate(end: number, due: number, makespan: number): boolean {
  return end > due + ROUNDING * Math.max(makespan, due);
}

function lateness(
  { request, tasks, impossible, overloaded, culprits }: IOutcome,
  { task: { name }, end, soonest, movable }: ITaskOutcome,
  deadline: number
): Pick<Conflict, 'message' | 'relax' | 'proven'> {
  const [found, due] = durationPair(end, deadline);
  if (!movable) {
    return {
      message: `"${name}" runs already and ends after ${found}; its deadline is ${due}.`,
      relax: `A deadline of ${found}, or letting running tasks be moved.`,
      proven: true
    };
  }
  if (isLate(soonest, deadline, 0)) {
    const [least, its] = durationPair(soonest, deadline);
    return {
      message: `"${name}" cannot be done before ${least}; the deadline is ${its}.`,
      relax: orElse(`A deadline of ${least}.`, culprits(name, deadline)),
      proven: true
    };
  }
  const relax = `A deadline of ${found}, which this plan meets.`;
  if (overloaded(deadline)) {
    const movables = new Set(tasks.filter(other => other.movable).map(({ task }) => task.name));
    const rivals = request.tasks
      .filter(other => (other.deadline ?? Infinity) <= deadline && other.name !== name)
      .filter(other => movables.has(other.name));
    const others = rivals.length === 0 ? '' : ` with ${listed(rivals.map(rival => rival.name))}`;
    return {
      message: `"${name}" is done after ${found}; the deadline is ${due}, before which the devices cannot do as much work as "${name}"${others} needs.`,
      relax: orElse(relax, culprits(name, deadline)),
      proven: true
    };
  }
  return {
    message: impossible
      ? `"${name}" is done after ${found}; the deadline is ${due}, and no plan meets all wishes together.`
      : `"${name}" is done after ${found} in the best plan found; the deadline is ${due}.`,
    relax: impossible ? orElse(relax, culprits(name, deadline)) : relax,
    proven: impossible
  };
}

/** What would help, and what else would. */
function orElse(relax: string, others: string[]): string {
  const last = others.at(-1);
  const rest = others.slice(0, -1).join(', ');
  return last === undefined ? relax : `${relax} Or ${rest === '' ? last : `${rest} or ${last}`}.`;
}

function listed(names: string[]): string {
  const quoted = names.map(name => `"${name}"`);
  return quoted.length <= 3 ? quoted.join(', ') : `${quoted.length} other tasks due by then`;
}
