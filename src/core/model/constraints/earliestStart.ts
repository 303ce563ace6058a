import { assertMeasure } from '../requestAssertions.js';
import { type IConstraint, missesByTask, withTask } from './constraint.js';

/** A task starts no sooner than this. */
export const earliestStart: IConstraint = {
  name: 'earliest-start',
  label: trans => trans.__('earliest start'),

  assert({ tasks }) {
    for (const { name, earliestStart: soonest = 0 } of tasks) {
      assertMeasure(soonest, 'the earliest start', () => `Task "${name}":`);
    }
  },

  unmet: schedule =>
    missesByTask(schedule, ({ earliestStart: soonest = 0 }, segments) =>
      segments
        .filter(({ start }) => start < soonest - schedule.off)
        .map(({ start }) => `it starts at ${start} s, before ${soonest} s`)
    ),

  ofTask: ({ earliestStart: release }) => (release === undefined ? undefined : { release }),

  without: (request, name) =>
    request.tasks.some(task => task.name === name && (task.earliestStart ?? 0) > 0)
      ? {
          request: withTask(request, name, ({ earliestStart: _, ...rest }) => rest),
          relax: `an earlier start of "${name}"`
        }
      : undefined,

  missedByStaying: ({ name, earliestStart: soonest = 0 }) =>
    soonest > 0 ? `"${name}" runs already and goes on.` : undefined
};
