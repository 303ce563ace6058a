import type { Highs } from 'highs';
import { groupJobs } from '../bounds/jobTypes.js';
import { frontOn, type IConfig } from '../problem/pareto.js';
import type { IProblem } from '../problem/problem.js';
import type { IPlaced } from '../schedule/schedule.js';
import { type IRoundLimit, type ISupply, type IWork, solveConfigurationLp } from './configurationLp.js';
import { orderStages } from './stageOrder.js';
import { type IStageSequence, Sequencer, stagesOf } from './stageSequence.js';
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
  private readonly _choices: IConfig[][];
  private readonly _twins: number[][];
  private readonly _works: IWork[];
  private readonly _supply: ISupply;

  /**
   * @_placed _placed what the node does in a schedule of these jobs; nothing when there is none.
   * @_scale _scale about the makespan, in seconds.
   */
  constructor(
    private readonly _highs: Highs,
    private readonly _problem: IProblem,
    private readonly _node: number,
    readonly jobs: readonly number[],
    private readonly _placed: readonly IPlaced[],
    private readonly _scale: number
  ) {
    this.sequencer = new Sequencer(_highs, _problem, _node, this.jobs, _scale);
    const size = _problem.nodes[_node]!.devices.length;
    this.size = size;
    this._choices = this.jobs.map(index => {
      const job = _problem.jobs[index]!;
      const configs = frontOn(job.configs, _node, size).map(choice => job.configs[choice]!);
      return job.current?.node === _node ? choicesOf({ ...job, configs }) : configs;
    });
    const types = groupJobs(_problem).map(({ jobs }) => jobs.filter(job => this.jobs.includes(job)));
    this._twins = this.jobs.map(job =>
      types.find(jobs => jobs.includes(job))!.filter(other => other !== job)
    );
    this._works = this.jobs.map((index, w) => ({
      count: 1,
      choices: this._choices[w]!.map(config => ({
        devices: config.devices,
        seconds: wholeSeconds(_problem.jobs[index]!, config)
      }))
    }));
    this._supply = supplyOf(_problem.nodes[_node]!, 1);
  }

  /** The others here that need the same. */
  twinsOf(job: number): number[] {
    return this._twins[this.jobs.indexOf(job)]!;
  }

  /** What one job runs as, for another that needs the same: its own configuration, for its own may be by another strategy. */
  twinConfig(job: number, config: IConfig, twin: number): IConfig {
    return this.choicesOf(twin)[this.choicesOf(job).indexOf(config)]!;
  }

  /** What the jobs may run as here. */
  choicesOf(job: number): IConfig[] {
    return this._choices[this.jobs.indexOf(job)]!;
  }

  /** Sequences of the patterns that the linear program would run, near to the schedule and farther from it. */
  *relaxed(limit: IRoundLimit): Generator<IStageSequence> {
    if (this._works.some(work => isNothing(work, this._scale))) {
      return;
    }
    const known = this._knownStages().map(({ stage, start }) => ({
      supply: 0,
      period: this._periodOf(start),
      pattern: [...stage].map(([job, config]) => {
        const item = this.jobs.indexOf(job);
        return { item, choice: this._choices[item]!.findIndex(({ option }) => option === config.option) };
      })
    }));
    if (known.some(({ pattern }) => pattern.some(({ choice }) => choice < 0))) {
      return;
    }
    for (const extra of EXTRAS) {
      const answer = solveConfigurationLp(this._highs, this._works, [this._supply], limit, {
        patterns: known,
        extra
      });
      const candidates = answer.times.map(({ pattern, period }) => ({
        period,
        stage: new Map(
          pattern.map(({ item, choice }) => [this.jobs[item]!, this._choices[item]![choice]!] as const)
        )
      }));
      const sequence = this.sequencer.sequence(
        orderStages(candidates, (job, stage) => {
          const { option } = stage.get(job)!;
          const seconds = option.startSeconds + (option.stopSeconds ?? 0);
          const price = answer.prices[this.jobs.indexOf(job)]!;
          return (price * seconds) / wholeSeconds(this._problem.jobs[job]!, stage.get(job)!);
        })
      );
      if (sequence !== undefined) {
        yield sequence;
      }
    }
  }

  private _knownStages(): { stage: Stage; start: number }[] {
    return stagesOf(this._problem, this._node, this._placed);
  }

  private _periodOf(start: number): number {
    return this._supply.periods.findLastIndex(period => period.start <= start);
  }
}
