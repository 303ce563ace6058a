import { strategyLabel } from '../../model/strategy.js';
import type { ITranslation } from '../../model/translation.js';
import type { Move, Replan, ReplanCause, SessionState } from '../../wire/messages.js';
import { type Block, sentence } from '../display/block.js';
import { clockTime, count, duration, listing, percent } from '../format/format.js';

/** So many names are said of each thing. */
const NAMED = 3;

/** Differences smaller than this share are none. */
const NOTHING_MUCH = 0.001;

/** A plan that was followed. */
export interface IListedPlan {
  /** 0 for the first. */
  readonly number: number;
  /** When it was taken up, in seconds since the epoch. */
  readonly adoptedAt: number;
  readonly text: string;
}

/** The plans made while the tasks trained, newest first, and that which training began with; none when it stood. */
export function listedPlans(
  { replans = [], run }: Pick<SessionState, 'replans' | 'run'>,
  now: number,
  trans: ITranslation
): IListedPlan[] {
  const made = replans.map(replan => ({
    number: replan.number,
    adoptedAt: replan.adoptedAt,
    text: replanSentence(replan, now, trans)
  }));
  const first = run !== undefined && {
    number: 0,
    adoptedAt: run.plannedAt ?? run.startedAt,
    text: trans.__('%1 training began.', clockTime(run.startedAt, now))
  };
  return made.length > 0 && first ? [...made.reverse(), first] : [];
}

/** What plans were made while the tasks trained, each in a sentence, newest first; nothing when there were none. */
export function replansBlock(state: SessionState, now: number, trans: ITranslation): Block | false {
  const plans = listedPlans(state, now, trans);
  return (
    plans.length > 0 && {
      kind: 'fold',
      title: replansTitle(state, trans),
      blocks: [
        ...plans.map(({ number, text }) => sentence(trans.__('%1. %2', number, text))),
        sentence(trans.__('See the plan as it was then, e.g. with `%saturn plan --at %1`.', plans[0]!.number))
      ]
    }
  );
}

/** How often it was planned anew: what a list of it is called. */
export function replansTitle({ replans }: Pick<SessionState, 'replans'>, trans: ITranslation): string {
  return timesWords(replans?.at(-1)?.number ?? 0, trans);
}

const timesWords = (times: number, trans: ITranslation): string =>
  trans._n('Planned anew %2 time', 'Planned anew %2 times', times, count(times));

/** What came of planning anew, once all is over; nothing before, or when the first plan stood. */
export function outcomeBlock({ run }: Pick<SessionState, 'run'>, trans: ITranslation): Block | false {
  if (run?.outcome === undefined) {
    return false;
  }
  const { seconds, plans, moves, firstPlanSeconds } = run.outcome;
  const moved =
    moves > 0 ? trans._n('with %2 move', 'with %2 moves', moves, count(moves)) : trans.__('without a move');
  const whole = trans.__('%1, %2: all took %3.', timesWords(plans, trans), moved, duration(seconds, trans));
  return sentence(
    firstPlanSeconds === undefined
      ? whole
      : trans.__(
          '%1 The first plan alone would have taken about %2, by what is known now.',
          whole,
          duration(firstPlanSeconds, trans)
        )
  );
}

/** `14:02 vit-64 takes 2.9x as long as planned; mlp-8 goes on as ddp x2 on cpu1, cpu2: saves 41 s of 6 min.` */
export function replanSentence(
  { at, causes, moves, makespan, carryOn, took }: Replan,
  now: number,
  trans: ITranslation
): string {
  const done = [
    ...moves.map(move => moveWords(move, trans)),
    ...(moves.length === 0 ? [trans.__('everything that trains stays where it is')] : [])
  ].join('; ');
  const when = clockTime(at, now);
  const what =
    causes.length > 0
      ? trans.__('%1 %2; %3', when, causeWords(causes, trans), done)
      : trans.__('%1 %2', when, done);
  const left = leftWords(makespan, carryOn, trans);
  const told = trans.__('%1: %2.', what, left);
  return took === undefined ? told : trans.__('%1 All was over after %2.', told, duration(took, trans));
}

/** What is left by a plan, and how that compares with the plan before. */
function leftWords(makespan: number, carryOn: number | undefined, trans: ITranslation): string {
  const left = duration(makespan, trans);
  const saved = carryOn === undefined ? 0 : carryOn - makespan;
  if (carryOn === undefined || Math.abs(saved) <= NOTHING_MUCH * carryOn) {
    return trans.__('%1 are left', left);
  }
  return saved > 0
    ? trans.__('saves %1 of %2', duration(saved, trans), duration(carryOn, trans))
    : trans.__('%1 are left, %2 more than before, as wishes come first', left, duration(-saved, trans));
}

function moveWords({ task, before, after, start }: Move, trans: ITranslation): string {
  const names = after.devices.join(', ');
  const devices = before.node === after.node ? names : `${after.node} ${names}`;
  const strategy = strategyLabel(after.strategy);
  return start > 0
    ? trans.__('%1 makes room, and goes on as %2 on %3', task, strategy, devices)
    : trans.__('%1 goes on as %2 on %3', task, strategy, devices);
}

function causeWords(causes: readonly ReplanCause[], trans: ITranslation): string {
  const speeds = causes.filter(({ kind }) => kind === 'speed');
  const others = [...new Set(causes.map(({ kind }) => kind))].filter(kind => kind !== 'speed');
  return [
    ...speeds.slice(0, NAMED).map(({ tasks = [], factor = 1 }) => speedWords(tasks, factor, trans)),
    ...(speeds.length > NAMED ? [trans.__('others are off as well')] : []),
    ...others.map(kind => {
      const names = new Set(causes.filter(cause => cause.kind === kind).flatMap(({ tasks = [] }) => tasks));
      return reasonWords(kind, [...names], trans);
    })
  ].join(', ');
}

function speedWords(tasks: readonly string[], factor: number, trans: ITranslation): string {
  const names = listing([...tasks], trans, NAMED);
  if (factor >= 2) {
    return trans.__('%1 takes %2x as long as planned', names, Number(factor.toPrecision(2)));
  }
  return factor > 1
    ? trans.__('%1 takes %2 longer than planned', names, percent(factor - 1, trans))
    : trans.__('%1 takes %2 less than planned', names, percent(1 - factor, trans));
}

function reasonWords(kind: ReplanCause['kind'], tasks: readonly string[], trans: ITranslation): string {
  const { length } = tasks;
  const some = length > 0;
  const names = listing([...tasks], trans, NAMED);
  switch (kind) {
    case 'ended':
      return trans.__('%1 ended', names);
    case 'stopped':
      return some
        ? trans._n('%2 was stopped', '%2 were stopped', length, names)
        : trans.__('tasks were stopped');
    case 'failed':
      return trans.__('trouble with %1', names);
    case 'added':
      return trans.__('%1 came in', names);
    case 'removed':
      return trans._n('%2 was taken out', '%2 were taken out', length, names);
    case 'resumed':
      return some
        ? trans._n('%2 is to go on', '%2 are to go on', length, names)
        : trans.__('tasks are to go on');
    case 'devices':
      return trans.__('the devices changed');
    case 'measured':
      return trans.__('more was measured');
    case 'wishes':
      return trans.__('something else was asked for');
    case 'speed':
    case 'interval':
      return trans.__('after a look at how it goes');
  }
}
