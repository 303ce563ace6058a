import type { TranslationBundle } from '@jupyterlab/translation';
import { strategyLabel } from '../../core/model/strategy.js';
import { duration } from '../../core/view/format/format.js';
import type { Pin, PlanTask } from '../../core/wire/messages.js';

/** What is asked of one task, as the request says it; times are seconds from the start of the plan. */
export interface ITaskConstraints extends Readonly<Pick<PlanTask, 'pin' | 'earliestStart' | 'deadline'>> {}

/** Something asked of a task that can be taken back by itself. */
interface IConstraintPart {
  isAsked(constraints: ITaskConstraints): boolean;
  without(constraints: ITaskConstraints): ITaskConstraints;
  /** What a person calls it, where it is asked: `done by 5 min`. */
  words(constraints: ITaskConstraints, trans: TranslationBundle): string;
}

/** All there are, in the order in which they are listed. */
export const CONSTRAINT_PARTS = {
  strategy: {
    isAsked: ({ pin }) => pin?.strategy !== undefined,
    without: ({ pin, ...others }) => ({ ...others, ...pinOf({ ...pin, strategy: undefined }) }),
    words: ({ pin }, trans) => trans.__('as %1', pin?.strategy ? strategyLabel(pin.strategy) : '')
  },
  place: {
    isAsked: ({ pin }) => pin?.node !== undefined,
    without: ({ pin, ...others }) => ({ ...others, ...pinOf({ strategy: pin?.strategy }) }),
    words: ({ pin }, trans) =>
      trans.__('on %1', [pin?.node, pin?.devices?.join(', ')].filter(Boolean).join(' '))
  },
  earliestStart: {
    isAsked: ({ earliestStart }) => earliestStart !== undefined,
    without: ({ earliestStart: _, ...others }) => others,
    words: ({ earliestStart }, trans) => trans.__('not before %1', duration(earliestStart, trans))
  },
  deadline: {
    isAsked: ({ deadline }) => deadline !== undefined,
    without: ({ deadline: _, ...others }) => others,
    words: ({ deadline }, trans) => trans.__('done by %1', duration(deadline, trans))
  }
} as const satisfies Record<string, IConstraintPart>;

export type ConstraintPart = keyof typeof CONSTRAINT_PARTS;

/** What is asked, part by part. */
export function constraintParts(constraints: ITaskConstraints): ConstraintPart[] {
  const all = Object.keys(CONSTRAINT_PARTS) as ConstraintPart[];
  return all.filter(part => CONSTRAINT_PARTS[part].isAsked(constraints));
}

/** The same without one of its parts. */
export function withoutConstraint(constraints: ITaskConstraints, part: ConstraintPart): ITaskConstraints {
  return CONSTRAINT_PARTS[part].without(constraints);
}

/** A pin to what is given of it; none when that is nothing. */
export function pinOf({ strategy, node, devices }: Pick<Pin, 'strategy' | 'node'> & { devices?: string[] }): {
  pin?: Pin;
} {
  const [first, ...rest] = devices ?? [];
  const pin: Pin = {
    ...(strategy && { strategy }),
    ...(node !== undefined && { node }),
    ...(first !== undefined && { devices: [first, ...rest] })
  };
  return Object.keys(pin).length > 0 ? { pin } : {};
}
