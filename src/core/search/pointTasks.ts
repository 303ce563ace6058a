import { isPointOf } from '../model/sweepTasks.js';
import type { Argument, SweepSpec, TaskSpec } from '../wire/messages.js';
import { type Digest, derivedSpec } from './derivedSpec.js';
import { isChoices } from './dimension.js';
import { type Point, pointKey } from './space.js';

/** Names of tasks that are longer are cut. */
export const NAME_LENGTH = 100;

/** So many hexadecimal digits tell apart what is cut. */
const TAIL = 8;

/** Digits of a number in a name. */
const DIGITS = 3;

/** A sweep whose points the engine makes. */
export type SearchedSweep = SweepSpec & { readonly template: TaskSpec };

/**
 * The tasks of points of a sweep. A point that is there already is the same task; a name that another point has gets a
 * number.
 *
 * @param there - the tasks of the session.
 */
export function pointTasks(
  sweep: SearchedSweep,
  points: readonly Point[],
  there: readonly TaskSpec[],
  digest: Digest
): TaskSpec[] {
  const { source, ...template } = sweep.template;
  const taken = new Map(there.map(spec => [spec.name, spec]));
  let isTold = there.some(spec => spec.sweep === template.sweep && spec.source === source);
  return points.map(point => {
    const known = there.find(spec => isSame(spec, template, point));
    const plain = pointName(sweep, point, digest);
    const name = known?.name ?? freeName(plain, name => isFree(taken.get(name), template, pointKey(point)));
    const made = known
      ? restated(known, template)
      : derivedSpec(template, { name, params: { ...point } }, identityOf(template, point), digest);
    const spec = isTold || source === undefined ? made : { ...made, source };
    isTold = true;
    taken.set(name, spec);
    return spec;
  });
}

/**
 * What the name of a task says of its point: the function, and the values in the order of the space, numbers of ranges with
 * three digits.
 */
export function pointName({ name, space }: SweepSpec, point: Point, digest: Digest): string {
  const words = Object.entries(space).map(([parameter, dimension]) => {
    const value = point[parameter]!;
    if (!isChoices(dimension)) {
      return String(Number(Number(value).toPrecision(DIGITS)));
    }
    const text = JSON.stringify(value);
    const place = dimension.values.findIndex(one => JSON.stringify(one) === text);
    return dimension.texts?.[place] ?? wordOf(value);
  });
  const whole = [name.replace(/^_+/, '') || 'task', ...words].join('-').replace(/[^A-Za-z0-9._+=-]/g, '_');
  const named = /^[A-Za-z0-9]/.test(whole) ? whole : `task-${whole}`;
  return named.length <= NAME_LENGTH
    ? named
    : `${named.slice(0, NAME_LENGTH - TAIL - 1)}-${digest(named).slice(0, TAIL)}`;
}

function wordOf(value: Argument): string {
  return Array.isArray(value) ? value.map(wordOf).join('_') : String(value);
}

function identityOf({ epochs, steps, seed, native }: TaskSpec, point: Point): string {
  return JSON.stringify([pointKey(point), epochs, steps, seed, native]);
}

/** Whether a task trains a point already, by the same code. */
function isSame(spec: TaskSpec, template: TaskSpec, point: Point): boolean {
  return (
    isOf(spec, template, pointKey(point)) &&
    spec.payload === template.payload &&
    spec.world === template.world &&
    identityOf(spec, point) === identityOf(template, point)
  );
}

/** Whether a task is a point of a sweep, by whatever code. */
function isOf(spec: TaskSpec, template: TaskSpec, key: string): boolean {
  return isPointOf(spec, template.sweep) && pointKey(spec.params) === key;
}

/** What is no part of what a task is may be said anew: where it comes from, and what makes it the better one. */
function restated(
  { best: _before, origin: _cell, ...known }: TaskSpec,
  { best, origin }: TaskSpec
): TaskSpec {
  return { ...known, ...(best && { best }), ...(origin !== undefined && { origin }) };
}

/** Whether a name may be a point's: nobody has it, or it is that point by other code, which gives way to this. */
function isFree(there: TaskSpec | undefined, template: TaskSpec, key: string): boolean {
  return there === undefined || isOf(there, template, key);
}

function freeName(plain: string, isFree: (name: string) => boolean): string {
  const stem = plain.slice(0, NAME_LENGTH - TAIL);
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? plain : `${stem}-${number}`;
    if (isFree(name)) {
      return name;
    }
  }
}
