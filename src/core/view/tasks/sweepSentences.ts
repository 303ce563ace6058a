import type { ITranslation } from '../../model/translation.js';
import type { Failure, SessionState, SweepSpec, SweepState } from '../../wire/messages.js';
import { type Block, sentence } from '../display/block.js';
import { count, listing } from '../format/format.js';

/** How far the sweeps are of which tasks are shown, and how their points are chosen and compared. */
export function sweepSentences({ sweeps = [], tasks }: SessionState, trans: ITranslation): Block[] {
  const shown = new Set(tasks.map(({ spec }) => spec.sweep));
  return sweeps.filter(({ spec }) => shown.has(spec.name)).map(sweep => sentence(sweepText(sweep, trans)));
}

/** Why sweeps get no further points, by their names. */
export function sweepFailures({ sweeps = [] }: SessionState): { where: string[]; error: Failure }[] {
  return sweeps.flatMap(({ spec, error }) => (error ? [{ where: [spec.name], error }] : []));
}

/** A sweep in a few sentences. */
export function sweepText({ spec, made, asked }: SweepState, trans: ITranslation): string {
  const { name, points, by } = spec;
  const logarithmic = Object.entries(spec.space)
    .filter(([, dimension]) => 'scale' in dimension && dimension.scale === 'log')
    .map(([parameter]) => parameter);
  return [
    points !== undefined && searchText(spec, made, trans),
    logarithmic.length > 0 && trans.__('By logarithm: %1.', listing(logarithmic, trans)),
    by &&
      (by.goal === 'max'
        ? trans.__('Compared by %1: more is better.', by.metric)
        : trans.__('Compared by %1: less is better.', by.metric)),
    asked !== undefined &&
      trans._n('%2 point is being chosen.', '%2 points are being chosen.', asked, count(asked))
  ]
    .filter(words => words)
    .map(String)
    .reduce((all, words) => `${all} ${words}`, `${name}:`);
}

function searchText({ search, points = 0 }: SweepSpec, made: number, trans: ITranslation): string {
  const [there, all] = [count(made), count(Math.max(points, made))];
  switch (search) {
    case 'tpe':
      return trans.__('%1 of %2 points, chosen by what those before came to (tpe).', there, all);
    case 'qmc':
      return trans.__('%1 of %2 points, spread evenly (qmc).', there, all);
    default:
      return trans.__('%1 of %2 points, at random.', there, all);
  }
}
