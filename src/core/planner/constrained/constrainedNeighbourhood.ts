import { below, type Random } from '../common/random.js';
import type { Problem } from '../problem/problem.js';
import { KEPT } from '../schedule/arrangement.js';
import type { Walk } from '../search/annealing.js';
import { Decoder } from './decoder.js';
import { copySequence, type Sequence, setActive } from './runSequence.js';
import type { Run } from './runTable.js';

/** How much the mean time at which devices become free weighs against the makespan. */
const WASTE = 1;

/** How much missed wishes, in seconds, weigh against the objective while walking. */
const PENALTY = 1;

/** Places in the order that a small move crosses at most. */
const NEAR = 8;

/**
 * A walk through sequences. At first it makes wishes come true; told by how much they may be missed, it makes the
 * objective small and counts no state that misses them by more.
 */
export class CoupledWalk implements Walk<Sequence> {
  score = 0;
  /** By how much the state misses wishes. */
  violation = 0;
  private sequence: Sequence;
  private cost = 0;
  /** The run that ends last; -1 when that may not be moved. */
  private last = -1;
  private allowed: number | undefined;
  /** The objective to begin with: the scale of changes, also while only wishes count. */
  private scale = 0;
  private readonly decoder: Decoder;
  private readonly fused: number[];
  private readonly penalty: number;
  private readonly undo: (() => void)[] = [];

  constructor(
    private readonly problem: Problem,
    private readonly runs: Run[],
    start: Sequence,
    private readonly random: Random,
    /** Whether jobs that run already stay where they are. */
    private readonly holds = false
  ) {
    this.decoder = new Decoder(problem, runs);
    this.fused = runs.flatMap(({ fusion }, run) => (fusion === undefined ? [] : [run]));
    const weights = problem.jobs.reduce((sum, { weight }) => sum + weight, 0);
    this.penalty = PENALTY * (problem.weighted ? weights : 1);
    this.sequence = start;
    this.decoder.decode(start);
    this.scale = this.decoder.objective;
    this.restore(start);
  }

  get size(): number {
    return Math.max(1, this.problem.jobs.length);
  }

  /** From now on make the objective small, and count only states that miss wishes by no more than this. */
  improve(allowed: number): void {
    this.allowed = allowed;
    this.restore(this.sequence);
  }

  snapshot(): Sequence {
    return copySequence(this.sequence);
  }

  restore(state: Sequence): void {
    this.sequence = copySequence(state);
    this.decoder.decode(this.sequence);
    this.accept(this.costNow());
  }

  step(temperature: number): void {
    const { undo, decoder } = this;
    undo.length = 0;
    this.change();
    decoder.decode(this.sequence);
    const cost = this.costNow();
    const worse = cost - this.cost;
    if (worse > 0 && this.random() >= Math.exp(-worse / temperature)) {
      for (let i = undo.length - 1; i >= 0; i--) {
        undo[i]!();
      }
      return;
    }
    this.accept(cost);
  }

  private accept(cost: number): void {
    const { allowed } = this;
    const { violation, objective, last } = this.decoder;
    this.cost = cost;
    this.violation = violation;
    this.last = last;
    if (allowed !== undefined) {
      this.score = violation <= allowed ? objective : Infinity;
    } else {
      this.score = violation === 0 ? 0 : this.scale + violation;
    }
  }

  private costNow(): number {
    const { decoder, problem, penalty } = this;
    const { violation, objective, spent } = decoder;
    const smooth = problem.weighted ? objective : objective + (WASTE * spent) / problem.deviceCount;
    return smooth + penalty * violation;
  }

  private change(): void {
    const { random, fused, sequence } = this;
    if (fused.length > 0 && random() < 0.1) {
      this.toggle(fused[below(random, fused.length)]!);
      return;
    }
    const at = this.pick();
    const run = sequence.order[at]!;
    const draw = random();
    if (draw < 0.35) {
      this.move(at, this.target(at));
    } else if (draw < 0.5) {
      this.swap(at, this.target(at));
    } else {
      this.reconfigure(run);
      if (random() < 0.4) {
        this.move(at, this.target(at));
      }
    }
  }

  /** A place in the order: often that of the run that ends last. */
  private pick(): number {
    const { order, active } = this.sequence;
    const { last } = this;
    if (!this.problem.weighted && last >= 0 && active[last] && this.random() < 0.25) {
      return order.indexOf(last);
    }
    for (let tries = 0; tries < 8; tries++) {
      const at = below(this.random, order.length);
      if (active[order[at]!]) {
        return at;
      }
    }
    return below(this.random, order.length);
  }

  private target(at: number): number {
    const { length } = this.sequence.order;
    if (this.random() < 0.5) {
      return below(this.random, length);
    }
    const distance = 1 + below(this.random, NEAR);
    return Math.min(length - 1, Math.max(0, this.random() < 0.5 ? at - distance : at + distance));
  }

  private move(from: number, to: number): void {
    const { order } = this.sequence;
    order.splice(to, 0, ...order.splice(from, 1));
    this.undo.push(() => order.splice(from, 0, ...order.splice(to, 1)));
  }

  private swap(a: number, b: number): void {
    const { order } = this.sequence;
    const exchange = () => {
      [order[a], order[b]] = [order[b]!, order[a]!];
    };
    exchange();
    this.undo.push(exchange);
  }

  private toggle(run: number): void {
    const { sequence } = this;
    const before = [...sequence.active];
    setActive(this.runs, sequence, run, !sequence.active[run]);
    this.undo.push(() => {
      sequence.active = before;
    });
  }

  /** Another configuration, other nodes, or both; a running job may also go on where it runs. */
  private reconfigure(run: number): void {
    const { random, sequence } = this;
    const { configs, sites, current } = this.runs[run]!;
    const old = sequence.config[run]!;
    const oldNodes = sequence.nodes[run]!;
    if (this.holds && current !== undefined) {
      return;
    }
    this.undo.push(() => {
      sequence.config[run] = old;
      sequence.nodes[run] = oldNodes;
    });
    if (current !== undefined && old !== KEPT && random() < 0.3) {
      sequence.config[run] = KEPT;
      return;
    }
    let config = old;
    if (old === KEPT || random() < 0.7) {
      config = this.otherConfig(old, configs.length);
    }
    const { span = 1 } = configs[config]!;
    const own = sites[config]!;
    sequence.config[run] = config;
    const fits = oldNodes.length === span && oldNodes.every(node => own.includes(node));
    if (oldNodes.length === 0 || !fits || config === old || random() < 0.3) {
      sequence.nodes[run] = this.drawNodes(own, span);
    }
  }

  private otherConfig(index: number, count: number): number {
    if (index === KEPT || this.random() < 0.5) {
      return below(this.random, count);
    }
    const next = index + (this.random() < 0.5 ? 1 : -1);
    return Math.min(count - 1, Math.max(0, next));
  }

  private drawNodes(sites: number[], span: number): number[] {
    if (this.random() < 0.2) {
      return [];
    }
    if (span === 1) {
      return [sites[below(this.random, sites.length)]!];
    }
    const left = [...sites];
    return Array.from({ length: span }, () => left.splice(below(this.random, left.length), 1)[0]!).sort(
      (a, b) => a - b
    );
  }
}
