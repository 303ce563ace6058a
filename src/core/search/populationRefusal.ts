import { SaturnError } from '../wire/failure.js';
import type { SweepSpec } from '../wire/messages.js';
import { isChoices } from './dimension.js';

/** Fewer have neither a worst quarter nor a best. */
const LEAST_MEMBERS = 4;

/**
 * Refuse a population that could not be renewed, before anything is made of it.
 *
 * @throws SaturnError `bad-stop`.
 */
export function refusePopulation({ stop, space, points, search, name }: SweepSpec): void {
  if (stop?.kind !== 'pbt') {
    return;
  }
  const refuse = (message: string, hint: string): never => {
    throw new SaturnError({ code: 'bad-stop', message, hint });
  };
  const ranged = Object.values(space).some(dimension => !isChoices(dimension));
  const [parameter] = Object.keys(space);
  if (!ranged) {
    refuse(
      `pbt changes what has a range while it trains, and "${name}" has none: ${Object.keys(space).join(', ')} ${Object.keys(space).length === 1 ? 'has' : 'have'} values to choose from, which stay with the weights.`,
      `Give what may change while it trains a range, e.g. ${parameter}=1e-4..1e-1, or say --stop asha.`
    );
  }
  if (search === 'tpe') {
    refuse(
      'With pbt all points train at once, so that none can learn from those before.',
      'Say --search random or --search qmc: pbt searches as it goes on.'
    );
  }
  if ((points ?? 0) < LEAST_MEMBERS) {
    refuse(
      `pbt has the worst quarter of all points give way to the best, but there ${points === 1 ? 'is 1' : `are ${points ?? 0}`}.`,
      `Add --points ${LEAST_MEMBERS} or more.`
    );
  }
  if (stop.eta !== undefined) {
    refuse('pbt takes no eta: the worst quarter gives way.', 'Say --stop pbt, or --stop pbt:first=100');
  }
}
