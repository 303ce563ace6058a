import { metricValue } from '../../model/metricName.js';
import { membersOf } from '../../model/sweepTasks.js';
import type { Criterion, GroupEvent, RungValue, TaskState } from '../../wire/messages.js';
import {
  findTask,
  type ISession,
  type IStep,
  isActive,
  lastAttempt,
  mapSweeps,
  withNotice,
  withTask
} from '../session.js';
import { giveUp, pauseAt } from '../stopping.js';
import { arrivalAt, givenUpAt, rungAt } from './comparison.js';
import { comparedBy, type IRuledSweep, ladderOf, ruledSweep } from './ladder.js';
import { noMetric } from './refusal.js';

/**
 * Note how good a task is at a rung, and have it wait or stop if the rule of its sweep says so. What was told of a step first counts: a task
 * that trains it once more, having lost its ranks, is not judged twice.
 */
export function noteRung(session: ISession, event: GroupEvent): IStep {
  const task = findTask(session, event.task);
  const ruled = task && ruledSweep(session.state, task);
  const place = task && ruled ? ladderOf(session.state, ruled, task).indexOf(event.step ?? 0) : -1;
  const isOf = task && isActive(task) && lastAttempt(task)?.number === event.attempt;
  if (!isOf || !ruled || place < 0 || task.rungs?.some(({ step }) => step === event.step)) {
    return { session, commands: [] };
  }
  const criterion = comparedBy(ruled, task);
  // Where nothing is evaluated, the loss is that of training.
  const value = metricValue(event, criterion.metric);
  if (value === undefined) {
    return { session: withoutMetric(session, ruled, task, criterion, event), commands: [] };
  }
  const rung: RungValue = { step: event.step ?? 0, place, value };
  const rungs = [...(task.rungs ?? []), rung].sort((a, b) => a.step - b.step);
  const noted = withTask(session, event.task, { rungs });
  const isLeft = task.spared || ruled.sweep.unjudged || (task.status === 'stopping' && !task.moving);
  if (isLeft) {
    return { session: noted, commands: [] };
  }
  const there = findTask(noted, event.task)!;
  const comparison = arrivalAt(noted, rungAt(noted, ruled, place), there);
  switch (ruled.rule.judge(comparison, ruled.numbers)) {
    case 'goes on':
      return { session: noted, commands: [] };
    case 'waits':
      return pauseAt(noted, there, rung.step);
    case 'over':
      return giveUp(noted, there, givenUpAt(ruled, rung.step, comparison));
  }
}

/** The session whose sweep is trained without its rule, which would compare by what no evaluation tells. */
function withoutMetric(
  session: ISession,
  { sweep, numbers }: IRuledSweep,
  task: TaskState,
  criterion: Criterion,
  event: GroupEvent
): ISession {
  const names = Object.keys(event.metrics ?? {});
  const isKnown = membersOf(session.state.tasks, sweep.spec.name).some(({ rungs = [] }) => rungs.length > 0);
  const comes = names.length === 0 && task.inspection?.native !== undefined;
  if (sweep.unjudged || isKnown || comes) {
    return session; // this one evaluation lacks it, or its own loop has made none yet
  }
  const unjudged = noMetric(numbers.kind, task, criterion, names);
  return withNotice(
    mapSweeps(session, one => (one === sweep ? { ...one, unjudged } : one)),
    unjudged
  );
}
