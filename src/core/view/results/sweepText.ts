import type { ITranslation } from '../../model/translation.js';
import type { Failure, SessionState, SweepSpec, SweepState } from '../../wire/messages.js';
import { type Block, sentence } from '../display/block.js';
import { argument, count, listing, metric } from '../format/format.js';
import { type IStanding, type ISweepStanding, pointOf, sweepStandings } from './sweepStanding.js';

/** So many steps at which tasks are compared are told. */
const STEPS = 5;

/** What there is to say of the sweeps whose points are searched, or given up by a rule. */
export function sweepBlocks(state: SessionState, trans: ITranslation): Block[] {
  return sweepStandings(state).flatMap(standing => [
    sentence(trans.__('%1.', sweepLine(standing, trans))),
    sentence(comparedWords(standing, trans), 'muted')
  ]);
}

/** How a sweep stands: `digits: 34 of 54 points, 5 trained to the end, 21 given up early, best 0.9710 (lr=0.0023, width=128)`. */
export function sweepLine(standing: ISweepStanding, trans: ITranslation): string {
  const { sweep, trained, paused, givenUp, failed, best } = standing;
  const renewed = renewedOf(standing);
  const points = pointsOf(sweep);
  const facts = [
    sweep.made < points
      ? trans.__('%1 of %2 points', count(sweep.made), count(points))
      : trans._n('%2 point', '%2 points', points, count(points)),
    ...(renewed > 0 ? [trans.__('%1 that went on in their place', count(renewed))] : []),
    trans.__('%1 trained to the end', count(trained)),
    ...(paused > 0 ? [trans.__('%1 paused', count(paused))] : []),
    ...(sweep.spec.stop ? [trans.__('%1 given up early', count(givenUp))] : []),
    ...(failed > 0 ? [trans.__('%1 failed', count(failed))] : []),
    ...(best ? [bestWords(best, standing, trans)] : [])
  ];
  return trans.__('%1: %2', sweep.spec.name, facts.join(', '));
}

/** What has become of the points of a sweep, for those who do not see it: `Of 54 points 5 trained, 2 training, 21 given up`. */
export function sweepBarWords(standing: ISweepStanding, trans: ITranslation): string {
  const { sweep, trained, training, paused, givenUp, failed } = standing;
  return trans.__(
    'Of %1 points %2',
    count(pointsOf(sweep) + renewedOf(standing)),
    [
      trans.__('%1 trained', count(trained)),
      trans.__('%1 training', count(training)),
      ...(paused > 0 ? [trans.__('%1 paused', count(paused))] : []),
      trans.__('%1 given up', count(givenUp)),
      ...(failed > 0 ? [trans.__('%1 failed', count(failed))] : [])
    ].join(', ')
  );
}

/** How many tasks go on in the place of points that gave way. */
function renewedOf({ standings }: ISweepStanding): number {
  return standings.filter(({ task }) => task.spec.cloneOf !== undefined).length;
}

/** How many points a sweep comes to; more than are wanted are there when it is told again with fewer. */
function pointsOf({ spec: { points = 0 }, made }: SweepState): number {
  return Math.max(points, made);
}

function bestWords(best: IStanding, { sweep }: ISweepStanding, trans: ITranslation): string {
  const point = pointOf(sweep, best.task).map(([name, value]) => `${name}=${shortArgument(value)}`);
  const value = valueWords(best, trans);
  const words = best.step === undefined ? trans.__('best %1', value) : trans.__('best so far %1', value);
  return point.length > 0 ? `${words} (${point.join(', ')})` : words;
}

/** A value, with the step at which it was found unless it is that of the end: `0.9120 after 90 steps`. */
export function valueWords({ value, step }: Pick<IStanding, 'value' | 'step'>, trans: ITranslation): string {
  const words = metric(value, trans);
  return step === undefined
    ? words
    : trans._n('%2 after %3 step', '%2 after %3 steps', step, words, count(step));
}

/** By what the tasks of a sweep are compared and when, by which rule, and how its points are chosen. */
export function comparedWords({ sweep, criterion, rungs }: ISweepStanding, trans: ITranslation): string {
  const { spec } = sweep;
  const by =
    criterion.goal === 'max'
      ? trans.__('By %1, more is better', criterion.metric)
      : trans.__('By %1, less is better', criterion.metric);
  const rule = ruleWords(spec, trans);
  const when =
    rule === undefined || sweep.unjudged
      ? undefined
      : rungs.length === 0
        ? trans.__('none has been compared yet')
        : trans.__('compared after %1 steps', listing(rungs.map(count), trans, STEPS));
  const parts = [by, rule, when, searchWords(spec, trans), scaleWords(spec, trans)].filter(
    part => part !== undefined
  );
  const asked =
    sweep.asked === undefined
      ? ''
      : ` ${trans._n('%2 more point is being chosen.', '%2 more points are being chosen.', sweep.asked, count(sweep.asked))}`;
  return `${parts.join('; ')}.${asked}`;
}

function ruleWords({ stop }: SweepSpec, trans: ITranslation): string | undefined {
  switch (stop?.kind) {
    case 'asha':
      return stop.promote
        ? trans.__('asha has the best of every %1 go on, others wait for it', String(stop.eta ?? 3))
        : trans.__('asha lets the best of every %1 go on', String(stop.eta ?? 3));
    case 'median':
      return trans.__('median gives up those that are worse than half of the others');
    case 'pbt':
      return trans.__('pbt has the worst go on from the best');
    case undefined:
      return undefined;
  }
}

function searchWords({ search }: SweepSpec, trans: ITranslation): string | undefined {
  switch (search) {
    case 'grid':
      return undefined;
    case 'random':
      return trans.__('points at random');
    case 'qmc':
      return trans.__('points spread evenly (qmc)');
    case 'tpe':
      return trans.__('points by what came of others (tpe)');
  }
}

/** Which parameters are searched by their logarithm. */
function scaleWords({ space }: SweepSpec, trans: ITranslation): string | undefined {
  const names = Object.entries(space).flatMap(([name, dimension]) =>
    'scale' in dimension && dimension.scale === 'log' ? [name] : []
  );
  return names.length === 0 ? undefined : trans.__('by logarithm: %1', listing(names, trans));
}

/** Why sweeps get no further points, or give up nobody, by their names. */
export function sweepFailures({ sweeps = [] }: SessionState): { where: string[]; error: Failure }[] {
  return sweeps.flatMap(({ spec, error, unjudged }) =>
    [error, unjudged].flatMap(failure => (failure ? [{ where: [spec.name], error: failure }] : []))
  );
}

/** The same of a sweep, where there is room for a sentence. */
export function sweepTroubles({ sweep }: ISweepStanding, trans: ITranslation): string[] {
  const whole = ({ message, hint }: Failure): string =>
    hint === undefined ? message : trans.__('%1 %2', message, hint);
  return [
    ...(sweep.error ? [trans.__('No further points come: %1', whole(sweep.error))] : []),
    ...(sweep.unjudged ? [whole(sweep.unjudged)] : [])
  ];
}

/** A value in few digits: points of a range have more than a person reads. */
function shortArgument(value: Parameters<typeof argument>[0]): string {
  return typeof value === 'number' ? String(Number(value.toPrecision(3))) : argument(value);
}
