import { createHash } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { IKeptWeights } from '../core/session/clones.js';
import type { ISession } from '../core/session/session.js';
import { SaturnError } from '../core/wire/failure.js';
import type { TaskClone, TaskSpec } from '../core/wire/messages.js';
import {
  COMMITTED,
  type ICheckpointManifest,
  isOf,
  MANIFEST,
  readManifestSync
} from './taskFiles/checkpointManifest.js';
import { TaskFolder } from './taskFiles/taskFolder.js';

/** A task that trains drops its older checkpoints meanwhile: so often another is looked for. */
const TRIES = 5;

/** A checkpoint on disk, or the weights that a task was finished with. */
interface ISaved extends Pick<ICheckpointManifest, 'step' | 'ended' | 'bestStep'> {
  readonly path: string;
}

/**
 * Keep a checkpoint of a task in the session's `weights` folder, whatever becomes of the task: by links, which take no
 * room of their own. The same checkpoint is kept once.
 *
 * @throws SaturnError `no-checkpoint`, `no-best`.
 */
export function keepWeights(folder: string, parent: TaskSpec, clone: TaskClone): IKeptWeights {
  for (let left = TRIES; ; left--) {
    const from = choose(folder, parent, clone);
    try {
      return link(folder, from);
    } catch (error) {
      if (left <= 1 || (error as NodeJS.ErrnoException).code !== 'ENOENT') {
        throw error;
      }
    }
  }
}

/** Drop the kept checkpoints that no task of a session begins with any more. */
export function dropWeights(folder: string, { state }: ISession): void {
  const kept = join(folder, 'weights');
  const begun = new Set(state.tasks.flatMap(({ spec }) => spec.warmStart?.checkpoints ?? []));
  for (const name of existsSync(kept) ? readdirSync(kept) : []) {
    if (!begun.has(name)) {
      rmSync(join(kept, name), { recursive: true, force: true });
    }
  }
}

/** Step that a task has reached by what it has saved; undefined when it has saved nothing. */
export function lastSaved(folder: string, task: TaskSpec): number | undefined {
  const all = new TaskFolder(folder, task.name).checkpoints;
  const steps = [...committed(all, task), ...committed(join(all, 'final'), task)].map(
    ({ step, ended = step }) => ended
  );
  return steps.length > 0 ? Math.max(...steps) : undefined;
}

function choose(folder: string, parent: TaskSpec, { weights, step }: TaskClone): string {
  const all = new TaskFolder(folder, parent.name).checkpoints;
  const final = committed(join(all, 'final'), parent);
  const isBest = ({ bestStep }: ISaved): boolean => bestStep !== undefined;
  const isLast = ({ step, ended }: ISaved): boolean => step === ended;
  const saved = (
    weights === 'best'
      ? [...committed(join(all, 'best'), parent), ...final.filter(isBest)]
      : [...committed(all, parent), ...(step === undefined ? final.filter(isLast) : final)]
  ).sort((a, b) => a.step - b.step);
  const last = saved.at(-1);
  if (last === undefined && weights === 'best') {
    throw new SaturnError({
      code: 'no-best',
      message: `"${parent.name}" keeps no best model, or none was evaluated yet.`,
      hint: 'It does where its Task says keep_best=True. Those it saved last: --from last.'
    });
  }
  if (last === undefined && final[0] !== undefined) {
    throw new SaturnError({
      code: 'no-checkpoint',
      message: `"${parent.name}" is finished, and only its best model was kept, of step ${final[0].step}.`,
      hint: 'Begin with that: --from best. The last checkpoint stays after: %saturn run --keep'
    });
  }
  if (last === undefined) {
    throw new SaturnError({
      code: 'no-checkpoint',
      message: `"${parent.name}" has no checkpoint yet.`,
      hint: 'One that trains saves when it is stopped, and now and then. Or make the clone with --from scratch.'
    });
  }
  const chosen = step === undefined ? last : saved.find(one => one.step === step);
  if (chosen === undefined) {
    const there = `There are those of: ${saved.map(one => one.step).join(', ')}.`;
    throw new SaturnError({
      code: 'no-checkpoint',
      message: `"${parent.name}" has no checkpoint of step ${step}.`,
      hint: final.length > 0 ? `${there} Those before its end are dropped when a task is finished.` : there
    });
  }
  return chosen.path;
}

/** Checkpoints that are whole and of what the task trains, oldest first. */
function committed(folder: string, task: TaskSpec): ISaved[] {
  const names = existsSync(folder) ? readdirSync(folder).filter(name => COMMITTED.test(name)) : [];
  return names
    .sort()
    .map(name => join(folder, name))
    .flatMap(path => {
      try {
        const manifest = readManifestSync(path);
        const { step, ended, bestStep } = manifest;
        return isOf(manifest, task) ? [{ step, ended, bestStep, path }] : [];
      } catch {
        return []; // a training has dropped it meanwhile
      }
    });
}

function link(folder: string, from: string): IKeptWeights {
  const manifest = readManifestSync(from);
  const text = JSON.stringify([manifest.identity, manifest.step, manifest.files]);
  const checkpoint = createHash('sha256').update(text).digest('hex').slice(0, 32);
  const kept = join(folder, 'weights', checkpoint);
  if (!existsSync(kept)) {
    const temporary = `${kept}.tmp`;
    rmSync(temporary, { recursive: true, force: true });
    mkdirSync(temporary, { recursive: true, mode: 0o700 });
    for (const name of [...Object.keys(manifest.files), MANIFEST]) {
      linkSync(join(from, name), join(temporary, name));
    }
    renameSync(temporary, kept);
  }
  return { checkpoint, step: manifest.step };
}
