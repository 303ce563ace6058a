import type { Highs } from 'highs';
import { groupJobs } from '../bounds/jobTypes.js';
import type { Config } from '../problem/pareto.js';
import type { Problem } from '../problem/problem.js';
import type { Placed } from '../schedule/schedule.js';
import { type RoundLimit, type Supply, solveConfigurationLp, type Work } from './configurationLp.js';
import { orderStages } from './stageOrder.js';
import { type Sequence, Sequencer, stagesOf } from './stageSequence.js';
import type { Stage } from './stages.js';
import { choicesOf, isNothing, supplyOf, wholeSeconds } from './switchingRelaxation.js';

/**
 * What a second of a pattern costs extra that is not among those of the plan without switches: the more, the closer
 * the plan with switches keeps to it.
 */
const EXTRAS = [0, 0.003, 0.02];

/** The jobs of one node, and how long they take when switches cost nothing. */
export class NodePlan {
  readonly sequencer: Sequencer;
  /** Devices of the node. */
  readonly size: number;
  private readonly choices: Config[][];
  private readonly twins: number[][];
  private readonly works: Work[];
  private readonly supply: Supply;

  /**
   * @param placed what the node does in a schedule of these jobs; nothing when there is none.
   * @param scale about the makespan, in seconds.
   */
  constructor(
    private readonly highs: Highs,
    private readonly problem: Problem,
    private readonly node: number,
    readonly jobs: readonly number[],
    private readonly placed: readonly Placed[],
    private readonly scale: number
  ) {
    this.sequencer = new Sequencer(highs, problem, node, this.jobs, scale);
    const size = problem.nodes[node]!.devices.length;
    this.size = size;
    this.choices = this.jobs.map(index => {
      const job = problem.jobs[index]!;
      const configs = job.current?.node === node ? choicesOf(job) : job.configs;
      return configs.filter(({ devices }) => devices <= size);
    });
    const types = groupJobs(problem).map(({ jobs }) => jobs.filter(job => this.jobs.includes(job)));
    this.twins = this.jobs.map(job => types.find(jobs => jobs.includes(job))!.filter(other => other !== job));
    this.works = this.jobs.map((index, w) => ({
      count: 1,
      choices: this.choices[w]!.map(config => ({
        devices: config.devices,
        seconds: wholeSeconds(problem.jobs[index]!, config)
      }))
    }));
    this.supply = supplyOf(problem.nodes[node]!, 1);
  }

  /** The others here that need the same. */
  twinsOf(job: number): number[] {
    return this.twins[this.jobs.indexOf(job)]!;
  }

  /** What the jobs may run as here. */
  choicesOf(job: number): Config[] {
    return this.choices[this.jobs.indexOf(job)]!;
  }

  /** Sequences of the patterns that the linear program would run, near to the schedule and farther from it. */
  *relaxed(limit: RoundLimit): Generator<Sequence> {
    if (this.works.some(work => isNothing(work, this.scale))) {
      return;
    }
    const known = this.knownStages().map(({ stage, start }) => ({
      supply: 0,
      period: this.periodOf(start),
      pattern: [...stage].map(([job, config]) => {
        const item = this.jobs.indexOf(job);
        return { item, choice: this.choices[item]!.findIndex(({ option }) => option === config.option) };
      })
    }));
    if (known.some(({ pattern }) => pattern.some(({ choice }) => choice < 0))) {
      return;
    }
    for (const extra of EXTRAS) {
      const answer = solveConfigurationLp(this.highs, this.works, [this.supply], limit, {
        patterns: known,
        extra
      });
      const candidates = answer.times.map(({ pattern, period }) => ({
        period,
        stage: new Map(
          pattern.map(({ item, choice }) => [this.jobs[item]!, this.choices[item]![choice]!] as const)
        )
      }));
      const sequence = this.sequencer.sequence(
        orderStages(candidates, (job, stage) => {
          const { option } = stage.get(job)!;
          const seconds = option.startSeconds + (option.stopSeconds ?? 0);
          const price = answer.prices[this.jobs.indexOf(job)]!;
          return (price * seconds) / wholeSeconds(this.problem.jobs[job]!, stage.get(job)!);
        })
      );
      if (sequence !== undefined) {
        yield sequence;
      }
    }
  }

  private knownStages(): { stage: Stage; start: number }[] {
    return stagesOf(this.problem, this.node, this.placed);
  }

  private periodOf(start: number): number {
    return this.supply.periods.findLastIndex(period => period.start <= start);
  }
}
