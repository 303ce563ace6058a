import { SaturnError } from '../wire/failure.js';
import type { Dimension, SweepSpec } from '../wire/messages.js';
import { isChoices, sizeOf } from './dimension.js';
import { refusePopulation } from './populationRefusal.js';
import { spaceSize } from './space.js';

/**
 * Refuse a sweep that cannot be made sense of, before anything is made of it.
 *
 * @throws SaturnError `bad-sweep`, `bad-criterion`.
 */
export function refuseSweep(sweep: SweepSpec): void {
  const { space, points, search, template, by, name } = sweep;
  for (const [parameter, dimension] of Object.entries(space)) {
    refuseDimension(parameter, dimension);
  }
  const range = Object.keys(space).find(parameter => !isChoices(space[parameter]!));
  const size = spaceSize(sweep);
  if (points === undefined && range !== undefined && size === Infinity) {
    throw new SaturnError({
      code: 'bad-sweep',
      message: `The range of "${range}" has no end of points. How many?`,
      hint: 'Add --points 30.'
    });
  }
  if (points === undefined && (range !== undefined || search !== 'grid')) {
    throw new SaturnError({
      code: 'bad-sweep',
      message: `The search "${search}" is not told how many of the ${size} points it is to choose.`,
      hint: `Add --points ${Math.min(30, size)}${range === undefined ? ', or leave out --search to try each' : ''}.`
    });
  }
  if ((search === 'grid') === (template !== undefined)) {
    throw new SaturnError({
      code: 'bad-sweep',
      message: `The points of "${name}" are to be all of a grid, and some to be searched.`,
      hint: 'A search goes with --points.'
    });
  }
  refusePopulation(sweep);
  if (points !== undefined && points > size) {
    throw new SaturnError({
      code: 'bad-sweep',
      message: `The sweep has ${size === 1 ? '1 point' : `${size} points`} in all, not ${points}.`,
      hint: `Ask for fewer: --points ${size}.`
    });
  }
  if (search === 'tpe' && !by) {
    throw new SaturnError({
      code: 'bad-criterion',
      message: 'The search "tpe" has nothing to compare points by.',
      hint: 'Add --by accuracy, another metric that the task reports, or --by loss; or say --search random.'
    });
  }
}

function refuseDimension(name: string, dimension: Dimension): void {
  if (isChoices(dimension)) {
    return;
  }
  const { low, high, scale, whole, stride } = dimension;
  const refuse = (message: string, hint: string): never => {
    throw new SaturnError({ code: 'bad-sweep', message, hint });
  };
  if (low === high) {
    refuse(`The range of "${name}" is the one value ${low}.`, `Write ${name}=${low} instead.`);
  }
  if (low > high) {
    refuse(
      `The range of "${name}" goes from ${low} down to ${high}.`,
      `The lower end is first: ${name}=${high}..${low}`
    );
  }
  if (scale === 'log' && low <= 0) {
    refuse(
      `The range of "${name}" begins with ${low}, of which there is no logarithm.`,
      `Begin above 0, e.g. ${name}=log:${high / 1e4}..${high}, or write ${name}=lin:${low}..${high}`
    );
  }
  if (whole && !(Number.isSafeInteger(low) && Number.isSafeInteger(high) && Number.isInteger(stride ?? 1))) {
    refuse(
      `The range of "${name}" is of whole numbers, but ${low}..${high} in steps of ${stride ?? 1} is not.`,
      `Write whole numbers, e.g. ${name}=2..8:2`
    );
  }
  if (stride !== undefined && stride > high - low) {
    refuse(
      `The stride of "${name}", ${stride}, is longer than its range, ${low} to ${high}.`,
      `Make it shorter, e.g. ${name}=${low}..${high}:${(high - low) / 2}`
    );
  }
  if (stride !== undefined && sizeOf(dimension) === Infinity) {
    refuse(`The stride of "${name}", ${stride}, makes too many values.`, 'Make it longer, or leave it out.');
  }
}
