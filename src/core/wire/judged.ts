import { isEqual } from './equality.js';
import { SaturnError } from './failure.js';
import type { Feasibility, JudgedAlike, SessionState, TaskState, TasksChange } from './messages.js';

/*
 * Which strategies can train a task, and why others cannot, is most of what there is to say of it, and the same for all of
 * its kind: it is told once for them.
 */

/** A whole state as it is told. */
export interface IToldState {
  readonly state: SessionState;
  readonly judged?: JudgedAlike[];
}

/** A whole state as it is told; {@link wholeState} makes it of that again. */
export function toldState(state: SessionState): IToldState {
  const judged = judgedAlike([...state.tasks.keys()], state.tasks);
  return judged.length > 0
    ? { state: { ...state, tasks: state.tasks.map(withoutVerdicts) }, judged }
    : { state };
}

/**
 * The state of which something was told.
 *
 * @throws SaturnError `bad-message` when what is told apart is of tasks that are not there.
 */
export function wholeState({ state, judged }: IToldState): SessionState {
  return judged ? { ...state, tasks: withJudged(state.tasks, judged, badState) } : state;
}

/** What is told apart of tasks that a change tells of; undefined when there is nothing. */
export function judgedOfChange(
  { put = [], patch = [] }: TasksChange,
  after: readonly TaskState[]
): JudgedAlike[] | undefined {
  const told = [
    ...put.flatMap(({ at, entry }) => (entry.inspection ? [at] : [])),
    ...patch.flatMap(({ at, patch: other }) => (other.inspection ? [at] : []))
  ];
  if (told.length === 0) {
    return undefined;
  }
  const isTold = new Set(told);
  const known = new Map<string, number>();
  for (const [place, { inspection }] of after.entries()) {
    if (inspection && !isTold.has(place) && !known.has(inspection.signature)) {
      known.set(inspection.signature, place);
    }
  }
  const judged = judgedAlike(told, after, known);
  return judged.length > 0 ? judged : undefined;
}

/** A task, or what has become other in one, without what is told apart. */
export function withoutVerdicts<T extends { inspection?: TaskState['inspection'] | null }>(task: T): T {
  const { inspection } = task;
  return inspection && inspection.feasibility.length > 0
    ? { ...task, inspection: { ...inspection, feasibility: [] } }
    : task;
}

/**
 * Tasks with what was told of them apart.
 *
 * @param refusal - what is wrong when that is of tasks that are not there.
 */
export function withJudged(
  tasks: readonly TaskState[],
  judged: readonly JudgedAlike[],
  refusal: () => SaturnError
): TaskState[] {
  const next = [...tasks];
  for (const { tasks: places, feasibility, like } of judged) {
    const verdicts = feasibility ?? (like === undefined ? undefined : tasks[like]?.inspection?.feasibility);
    for (const place of places) {
      const task = next[place];
      if (!task?.inspection || !verdicts) {
        throw refusal();
      }
      next[place] = { ...task, inspection: { ...task.inspection, feasibility: verdicts } };
    }
  }
  return next;
}

/**
 * Tasks of which the same is to be told.
 *
 * @param places - of the tasks to tell of.
 * @param known - a task of which it is known already, by signature.
 */
function judgedAlike(
  places: readonly number[],
  tasks: readonly TaskState[],
  known: ReadonlyMap<string, number> = new Map()
): JudgedAlike[] {
  const groups: JudgedAlike[] = [];
  const ofSignature = new Map<string, { feasibility: Feasibility[]; group: JudgedAlike }[]>();
  for (const place of places) {
    const { signature, feasibility = [] } = tasks[place]?.inspection ?? {};
    if (signature === undefined || feasibility.length === 0) {
      continue;
    }
    const alike = ofSignature.get(signature) ?? [];
    ofSignature.set(signature, alike);
    const same = alike.find(one => isEqual(one.feasibility, feasibility));
    if (same) {
      same.group.tasks.push(place);
      continue;
    }
    const like = known.get(signature);
    const isKnown = like !== undefined && isEqual(tasks[like]?.inspection?.feasibility, feasibility);
    const group: JudgedAlike = { tasks: [place], ...(isKnown ? { like } : { feasibility }) };
    groups.push(group);
    alike.push({ feasibility, group });
  }
  return groups;
}

function badState(): SaturnError {
  return new SaturnError({
    code: 'bad-message',
    message: 'What is told of tasks is of others than there are.',
    hint: 'The whole state is asked for by itself.'
  });
}
