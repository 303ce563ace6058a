import { rowKey } from '../../core/view/gantt/plannedBars.js';
import type { Cluster, Segment } from '../../core/wire/messages.js';
import type { GanttEdit } from '../gantt/ganttKeys.js';
import type { ITaskConstraints } from './constraintParts.js';
import {
  type IQuestion,
  placesOf,
  strategyOf,
  withConstraints,
  withMove,
  withStrategy
} from './whatIfQuestion.js';

/** The plan in whose chart a gesture was made. */
export interface IEditedPlan {
  readonly segments: readonly Segment[];
  readonly cluster: Cluster;
  /** Where its second 0 is in the chart, in seconds; 0 when absent. */
  readonly offset?: number;
}

/** The question after a gesture in the chart of a plan; the same when the gesture changes nothing. */
export function editedQuestion(question: IQuestion, plan: IEditedPlan, what: GanttEdit): IQuestion {
  const { task } = what.bar;
  switch (what.kind) {
    case 'move': {
      const { rows, start } = what.move;
      if (rows === null && start === null) {
        return question;
      }
      const { offset = 0 } = plan;
      const bar = { ...what.bar, start: what.bar.start - offset, end: what.bar.end - offset };
      const move = { rows, start: start === null ? null : Math.max(0, start - offset) };
      return withMove(question, bar, move, placesOf(plan.cluster, rowKey));
    }
    case 'strategy': {
      const strategy = strategyOf(plan.segments, task);
      return strategy ? withStrategy(question, task, strategy) : question;
    }
    case 'release':
      return question.constraints.has(task) ? withConstraints(question, task, {}) : question;
  }
}

/** A question asked so many seconds later: its moments are the same, so that they are nearer. */
export function askedLater(question: IQuestion, seconds: number): IQuestion {
  const later = (time: number | undefined, least: number) =>
    time === undefined ? undefined : Math.max(least, time - seconds);
  const constraints = new Map(
    [...question.constraints].map(
      ([task, { earliestStart, deadline, ...rest }]): [string, ITaskConstraints] => {
        const [start, end] = [later(earliestStart, 0), later(deadline, 0)];
        return [
          task,
          {
            ...rest,
            ...(start !== undefined && start > 0 && { earliestStart: start }),
            ...(end !== undefined && { deadline: end })
          }
        ];
      }
    )
  );
  return { ...question, constraints, deadline: later(question.deadline ?? undefined, 0) ?? null };
}
