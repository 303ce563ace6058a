import { below, type Random } from '../common/random.js';
import type { IConfig } from '../problem/pareto.js';
import type { NodePlan } from './nodePlan.js';
import type { IStageSequence } from './stageSequence.js';
import { devicesOf, type Stage } from './stages.js';

/** A switch is worth making when it shortens the plan by this share. */
const WORTH = 1e-4;

/** The makespan, and something for every switch, in seconds: what sequences are compared by. */
export function costOf({ makespan, switches }: Pick<IStageSequence, 'makespan' | 'switches'>): number {
  return makespan * (1 + WORTH * switches);
}

/**
 * Better a sequence by small changes drawn at random, each timed anew: a stage left out, moved or split in two, a job
 * running on through a neighbouring stage, left out of a stage or added to one, equal jobs exchanged.
 *
 * @param more whether to go on; asked before each change.
 * @param random where changes come from.
 */
export function refine(
  node: NodePlan,
  sequence: IStageSequence,
  random: Random,
  more: (sequence: IStageSequence) => boolean
): IStageSequence {
  let best = sequence;
  while (more(best)) {
    const stages = changed(node, best.stages, random);
    const next = stages === undefined ? undefined : node.sequencer.sequence(stages);
    if (next !== undefined && costOf(next) <= costOf(best)) {
      best = next;
    }
  }
  return best;
}

/** Stages with one change; undefined when the one drawn changes nothing. */
function changed(node: NodePlan, stages: readonly Stage[], random: Random): Stage[] | undefined {
  const next = [...stages];
  const index = below(random, stages.length);
  const kind = below(random, 8);
  if (kind === 0) {
    next.splice(index, 1);
    return next;
  }
  if (kind === 1) {
    const [stage] = next.splice(index, 1);
    next.splice(below(random, stages.length), 0, stage!);
    return next;
  }
  if (kind <= 3) {
    return exchanged(node, stages, index, random);
  }
  if (kind === 4) {
    next.splice(index, 0, stages[index]!);
  }
  const stage = altered(node, next, index, random);
  if (stage === undefined) {
    return undefined;
  }
  next[index] = stage;
  return next;
}

/** From one stage on, two jobs that need the same in each other's place. */
function exchanged(
  node: NodePlan,
  stages: readonly Stage[],
  from: number,
  random: Random
): Stage[] | undefined {
  const job = node.jobs[below(random, node.jobs.length)]!;
  const twins = node.twinsOf(job);
  if (twins.length === 0) {
    return undefined;
  }
  const twin = twins[below(random, twins.length)]!;
  const other = new Map([
    [job, twin],
    [twin, job]
  ]);
  const moved = ([name, config]: [number, IConfig]): [number, IConfig] => {
    const stands = other.get(name);
    return stands === undefined ? [name, config] : [stands, node.twinConfig(name, config, stands)];
  };
  return stages.map((stage, index) => (index < from ? stage : new Map([...stage].map(moved))));
}

/** A stage that runs one job otherwise; others give way, the newest first, when devices are short. */
function altered(node: NodePlan, stages: readonly Stage[], index: number, random: Random): Stage | undefined {
  const job = node.jobs[below(random, node.jobs.length)]!;
  const before = stages[index]!.get(job);
  const neighbours = [stages[index - 1]?.get(job), stages[index + 1]?.get(job)].filter(
    config => config !== undefined
  );
  const config = drawn(node, job, before, neighbours, random);
  const stage = new Map(stages[index]!);
  stage.delete(job);
  if (config === undefined) {
    return before === undefined ? undefined : stage;
  }
  if (config.option === before?.option) {
    return undefined;
  }
  const others = [...stage.keys()];
  while (devicesOf(stage) + config.devices > node.size && others.length > 0) {
    const [other] = others.splice(below(random, others.length), 1);
    stage.delete(other!);
  }
  stage.set(job, config);
  return stage;
}

/** How the job is to run: most often as in a neighbouring stage; undefined for not at all. */
function drawn(
  node: NodePlan,
  job: number,
  before: IConfig | undefined,
  neighbours: IConfig[],
  random: Random
): IConfig | undefined {
  const pick = <T>(list: readonly T[]) => list[below(random, list.length)]!;
  const chance = random();
  if (before !== undefined && chance < 0.25) {
    return undefined;
  }
  return neighbours.length > 0 && chance < 0.75 ? pick(neighbours) : pick(node.choicesOf(job));
}
