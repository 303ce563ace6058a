import type { ITranslation } from '../../model/translation.js';
import type { SessionState } from '../../wire/messages.js';
import { type Block, lead, sentence } from './block.js';

/** What is said of a session without tasks. */
export function noTasks(trans: ITranslation): string {
  return trans.__('No tasks yet. Define some with `%%%%saturn task` in a cell.');
}

/** What is said of a session none of whose tasks can be built. */
export function noneBuilt(trans: ITranslation): string {
  return trans.__('No task can be built; see why with `%saturn status`.');
}

/** What is said while the agent does not answer: in short, and what that means. */
export function agentAway(trans: ITranslation): { title: string; detail: string } {
  return {
    title: trans.__('The agent is away'),
    detail: trans.__(
      'Nothing new starts, and what you see may be out of date. It is started again when a notebook attaches or runs a %saturn command.'
    )
  };
}

/** The same as a sentence. */
export function agentNote(trans: ITranslation): Block {
  const { title, detail } = agentAway(trans);
  return sentence(trans.__('%1. %2', title, detail), 'warning');
}

/** What is said while nothing is measured. */
export function nothingMeasured(trans: ITranslation): Block[] {
  return [
    lead(trans.__('Nothing is measured yet.')),
    sentence(trans.__('Measure the tasks with `%saturn profile`.'))
  ];
}

/** What is said while there is no plan. */
export function noPlan(state: SessionState, trans: ITranslation): Block[] {
  return state.planning
    ? [lead(trans.__('Planning…'))]
    : [lead(trans.__('No plan yet.')), sentence(beforePlan(state, trans))];
}

/** What comes before a plan can be made. */
function beforePlan({ tasks, goal }: SessionState, trans: ITranslation): string {
  if (tasks.length === 0) {
    return noTasks(trans);
  }
  if (tasks.every(({ status }) => status === 'invalid')) {
    return noneBuilt(trans);
  }
  return goal === 'plan' || goal === 'run'
    ? trans.__('It is made as soon as what it needs is measured.')
    : trans.__('Make one with `%saturn plan`; it measures first what is not measured.');
}

/** What is said while no task is trained. */
export function noResults(state: SessionState, trans: ITranslation): Block[] {
  return [
    lead(trans.__('No results yet.')),
    sentence(
      state.goal === 'run'
        ? trans.__('No task has finished training; see how far they are with `%saturn status`.')
        : trans.__('Train the tasks with `%saturn run`.')
    )
  ];
}
