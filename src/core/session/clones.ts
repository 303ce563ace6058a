import { type Digest, derivedSpec } from '../search/derivedSpec.js';
import { SaturnError } from '../wire/failure.js';
import type { TaskClone, TaskSpec, TaskState, WarmStart } from '../wire/messages.js';
import { refuseRemoved } from './admission.js';
import { cloneName } from './cloneName.js';
import { findTask, type ISession } from './session.js';
import { selectTasks } from './tasks.js';

/** A checkpoint that was kept for a clone to begin with. */
export interface IKeptWeights {
  /** Its name in the session's `weights` folder. */
  readonly checkpoint: string;
  readonly step: number;
  /** The clone goes on at that step: see `WarmStart`. */
  readonly continues?: true;
}

/**
 * The task that a clone is to be made of.
 *
 * @throws SaturnError `unknown-task`, `being-removed`, `bad-clone`, or `native-task` for weights of a loop of its own.
 */
export function parentOf(session: ISession, clone: TaskClone): TaskState {
  selectTasks(session, [clone.task]);
  refuseRemoved(session, [clone.task]);
  const parent = findTask(session, clone.task) as TaskState;
  if (clone.weights !== undefined && clone.step !== undefined) {
    throw new SaturnError({
      code: 'bad-clone',
      message: 'A clone begins with the weights of one step.',
      hint: 'Name the step, or one of scratch, start, last and best.'
    });
  }
  const native = parent.spec.native || parent.inspection?.native !== undefined;
  if (native && (clone.step !== undefined || (clone.weights ?? 'scratch') !== 'scratch')) {
    throw new SaturnError({
      code: 'native-task',
      message: `"${clone.task}" trains by its own loop, whose checkpoints only that can read.`,
      hint: 'Make the clone with --from scratch.'
    });
  }
  return parent;
}

/** Whether a clone needs a checkpoint of its parent. */
export function needsWeights({ weights, step }: TaskClone): boolean {
  return step !== undefined ? step > 0 : weights === 'last' || weights === 'best';
}

/**
 * The spec of a clone: what is not edited is as its parent has it.
 *
 * @param kept - the checkpoint of the parent that it begins with, if it needs one.
 * @throws SaturnError `same-task`, `duplicate-task`.
 */
export function cloneSpec(
  session: ISession,
  clone: TaskClone,
  kept: IKeptWeights | undefined,
  digest: Digest
): TaskSpec {
  const { spec: parent } = parentOf(session, clone);
  const {
    origin: _cell,
    source: _shown,
    warmStart: _begun,
    epochs: _epochs,
    steps: _steps,
    ...same
  } = parent;
  const warmStart = warmStartOf(parent, clone, kept);
  const edited = {
    params: { ...parent.params, ...clone.params },
    ...lengthOf(parent, clone),
    seed: clone.seed ?? parent.seed
  };
  const spec: TaskSpec = derivedSpec(
    same,
    {
      ...edited,
      name: clone.name ?? cloneName(clone, kept?.step),
      cloneOf: parent.name,
      ...(warmStart ? { warmStart } : {})
    },
    JSON.stringify([
      edited,
      warmStart?.seed,
      warmStart?.checkpoints,
      ...(warmStart?.continues ? ['continues'] : [])
    ]),
    digest
  );
  refuseSame(parent, spec, kept);
  refuseTaken(session, spec);
  return spec;
}

function lengthOf(parent: TaskSpec, { epochs, steps }: TaskClone): Pick<TaskSpec, 'epochs' | 'steps'> {
  const asked = epochs === undefined && steps === undefined ? parent : { epochs, steps };
  return {
    ...(asked.epochs === undefined ? {} : { epochs: asked.epochs }),
    ...(asked.steps === undefined ? {} : { steps: asked.steps })
  };
}

function warmStartOf(
  parent: TaskSpec,
  { weights = 'scratch', step }: TaskClone,
  kept: IKeptWeights | undefined
): WarmStart | undefined {
  if (weights === 'scratch' && step === undefined) {
    return undefined;
  }
  const before = parent.warmStart;
  // One that went on elsewhere has saved since all that it went on with.
  const begun = kept && before?.continues ? before.checkpoints.slice(0, -1) : (before?.checkpoints ?? []);
  return {
    task: parent.name,
    hash: parent.trainingHash ?? parent.hash,
    step: kept?.step ?? 0,
    ...(kept?.continues && { continues: true }),
    seed: before?.seed ?? parent.seed,
    checkpoints: [...begun, ...(kept ? [kept.checkpoint] : [])]
  };
}

function refuseSame(parent: TaskSpec, spec: TaskSpec, kept: IKeptWeights | undefined): void {
  const what = ({ params, epochs, steps, seed, warmStart }: TaskSpec): string =>
    JSON.stringify([Object.entries(params).sort(), epochs, steps, seed, warmStart?.checkpoints ?? []]);
  const isScratch = spec.warmStart === undefined;
  if (!kept && what(parent) === what(spec) && (!isScratch || parent.warmStart === undefined)) {
    throw new SaturnError({
      code: 'same-task',
      message: `This clone would train the same as "${parent.name}".`,
      hint: 'Give it another value, length or seed, or weights to begin with: --from last.'
    });
  }
}

function refuseTaken(session: ISession, { name, hash }: TaskSpec): void {
  const taken = findTask(session, name);
  if (taken && taken.status !== 'invalid' && taken.spec.hash !== hash) {
    throw new SaturnError({
      code: 'duplicate-task',
      message: `A task named "${name}" exists already.`,
      hint: 'Give the clone another name with --name.'
    });
  }
}
