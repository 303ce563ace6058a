import { strategyLabel } from '../../model/strategy.js';
import type { ITranslation } from '../../model/translation.js';
import type { Move, Replan, ReplanCause, SessionState } from '../../wire/messages.js';
import { type Block, sentence } from '../display/block.js';
import { clockTime, duration, listing, percent } from '../format/format.js';

/** So many names are said of each thing. */
const NAMED = 3;

/** What plans were made while the tasks trained, each in a sentence, newest first; nothing when there were none. */
export function replansBlock(state: SessionState, now: number, trans: ITranslation): Block | false {
  const { replans = [] } = state;
  const title = trans._n('Planned anew %2 time', 'Planned anew %2 times', replans.length, replans.length);
  return (
    replans.length > 0 && {
      kind: 'fold',
      title,
      blocks: [...replans].reverse().map(replan => sentence(replanSentence(replan, state, now, trans)))
    }
  );
}

/** `14:02 vit-64 takes 2.9x as long as planned; mlp-8 goes on as ddp x2 on cpu1, cpu2: saves 41 s of 6 min.` */
export function replanSentence(
  { at, causes, moves, makespan, carryOn }: Replan,
  { run }: Pick<SessionState, 'run'>,
  now: number,
  trans: ITranslation
): string {
  const saved = carryOn === undefined ? 0 : carryOn - makespan;
  const done = [
    ...moves.map(move => moveWords(move, trans)),
    ...(moves.length === 0 ? [trans.__('everything that trains stays where it is')] : [])
  ].join('; ');
  const when = clockTime(at, now);
  const what =
    causes.length > 0
      ? trans.__('%1 %2; %3', when, causeWords(causes, trans), done)
      : trans.__('%1 %2', when, done);
  const gain =
    carryOn !== undefined && saved > 0.001 * carryOn
      ? trans.__('%1: saves %2 of %3.', what, duration(saved, trans), duration(carryOn, trans))
      : trans.__('%1: %2 are left.', what, duration(makespan, trans));
  if (run?.endedAt === undefined || run.endedAt < at) {
    return gain;
  }
  return trans.__('%1 All was over after %2.', gain, duration(run.endedAt - at, trans));
}

function moveWords({ task, after, start }: Move, trans: ITranslation): string {
  const devices = after.devices.join(', ');
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
