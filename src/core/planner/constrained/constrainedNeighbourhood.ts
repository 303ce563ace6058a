import { below, type Random } from '../common/random.js';
import type { IProblem } from '../problem/problem.js';
import { KEPT } from '../schedule/arrangement.js';
import type { INeighbourhood } from '../search/annealing.js';
import { Decoder } from './decoder.js';
import { copySequence, type IRunSequence, setActive } from './runSequence.js';
import type { IRun } from './runTable.js';

/** How much the mean time at which devices become free weighs against the makespan. */
const WASTE = 1;

/** How much missed constraints, in seconds, weigh against the objective while searching. */
const PENALTY = 1;

/** Places in the order that a small move crosses at most. */
const NEAR = 8;

/**
 * The neighbourhood of a sequence. At first it makes states meet the constraints; told by how much they may be missed, it makes the
 * objective small and counts no state that misses them by more.
 */
export class ConstrainedNeighbourhood implements INeighbourhood<IRunSequence> {
  score = 0;
  /** By how much the state misses constraints. */
  violation = 0;
  private _sequence: IRunSequence;
  private _cost = 0;
  /** The run that ends last; -1 when that may not be moved. */
  private _last = -1;
  private _allowed: number | undefined;
  /** The objective to begin with: the scale of changes, also while only constraints count. */
  private _scale = 0;
  private readonly _decoder: Decoder;
  private readonly _fused: number[];
  private readonly _penalty: number;
  private readonly _undo: (() => void)[] = [];

  constructor(
    private readonly _problem: IProblem,
    private readonly _runs: IRun[],
    start: IRunSequence,
    private readonly _random: Random,
    /** Whether jobs that run already stay where they are. */
    private readonly _holds = false
  ) {
    this._decoder = new Decoder(_problem, _runs);
    this._fused = _runs.flatMap(({ fusion }, run) => (fusion === undefined ? [] : [run]));
    const weights = _problem.jobs.reduce((sum, { weight }) => sum + weight, 0);
    this._penalty = PENALTY * (_problem.weighted ? weights : 1);
    this._sequence = start;
    this._decoder.decode(start);
    this._scale = this._decoder.objective;
    this.restore(start);
  }

  get size(): number {
    return Math.max(1, this._problem.jobs.length);
  }

  /** From now on make the objective small, and count only states that miss constraints by no more than this. */
  improve(allowed: number): void {
    this._allowed = allowed;
    this.restore(this._sequence);
  }

  snapshot(): IRunSequence {
    return copySequence(this._sequence);
  }

  restore(state: IRunSequence): void {
    this._sequence = copySequence(state);
    this._decoder.decode(this._sequence);
    this._accept(this._costNow());
  }

  step(temperature: number): void {
    const { _undo: undo, _decoder: decoder } = this;
    undo.length = 0;
    this._change();
    decoder.decode(this._sequence);
    const cost = this._costNow();
    const worse = cost - this._cost;
    if (worse > 0 && this._random() >= Math.exp(-worse / temperature)) {
      for (let i = undo.length - 1; i >= 0; i--) {
        undo[i]!();
      }
      return;
    }
    this._accept(cost);
  }

  private _accept(cost: number): void {
    const { _allowed: allowed } = this;
    const { violation, objective, last } = this._decoder;
    this._cost = cost;
    this.violation = violation;
    this._last = last;
    if (allowed !== undefined) {
      this.score = violation <= allowed ? objective : Infinity;
    } else {
      this.score = violation === 0 ? 0 : this._scale + violation;
    }
  }

  private _costNow(): number {
    const { _decoder: decoder, _problem: problem, _penalty: penalty } = this;
    const { violation, objective, spent } = decoder;
    const smooth = problem.weighted ? objective : objective + (WASTE * spent) / problem.deviceCount;
    return smooth + penalty * violation;
  }

  private _change(): void {
    const { _random: random, _fused: fused, _sequence: sequence } = this;
    if (fused.length > 0 && random() < 0.1) {
      this._toggle(fused[below(random, fused.length)]!);
      return;
    }
    const at = this._pick();
    const run = sequence.order[at]!;
    const draw = random();
    if (draw < 0.35) {
      this._move(at, this._target(at));
    } else if (draw < 0.5) {
      this._swap(at, this._target(at));
    } else {
      this._reconfigure(run);
      if (random() < 0.4) {
        this._move(at, this._target(at));
      }
    }
  }

  /** A place in the order: often that of the run that ends last. */
  private _pick(): number {
    const { order, active } = this._sequence;
    const { _last: last } = this;
    if (!this._problem.weighted && last >= 0 && active[last] && this._random() < 0.25) {
      return order.indexOf(last);
    }
    for (let tries = 0; tries < 8; tries++) {
      const at = below(this._random, order.length);
      if (active[order[at]!]) {
        return at;
      }
    }
    return below(this._random, order.length);
  }

  private _target(at: number): number {
    const { length } = this._sequence.order;
    if (this._random() < 0.5) {
      return below(this._random, length);
    }
    const distance = 1 + below(this._random, NEAR);
    return Math.min(length - 1, Math.max(0, this._random() < 0.5 ? at - distance : at + distance));
  }

  private _move(from: number, to: number): void {
    const { order } = this._sequence;
    order.splice(to, 0, ...order.splice(from, 1));
    this._undo.push(() => order.splice(from, 0, ...order.splice(to, 1)));
  }

  private _swap(a: number, b: number): void {
    const { order } = this._sequence;
    const exchange = () => {
      [order[a], order[b]] = [order[b]!, order[a]!];
    };
    exchange();
    this._undo.push(exchange);
  }

  private _toggle(run: number): void {
    const { _sequence: sequence } = this;
    const before = [...sequence.active];
    setActive(this._runs, sequence, run, !sequence.active[run]);
    this._undo.push(() => {
      sequence.active = before;
    });
  }

  /** Another configuration, other nodes, or both; a running job may also go on where it runs. */
  private _reconfigure(run: number): void {
    const { _random: random, _sequence: sequence } = this;
    const { configs, sites, current } = this._runs[run]!;
    const old = sequence.config[run]!;
    const oldNodes = sequence.nodes[run]!;
    if (this._holds && current !== undefined) {
      return;
    }
    this._undo.push(() => {
      sequence.config[run] = old;
      sequence.nodes[run] = oldNodes;
    });
    if (current !== undefined && old !== KEPT && random() < 0.3) {
      sequence.config[run] = KEPT;
      return;
    }
    let config = old;
    if (old === KEPT || random() < 0.7) {
      config = this._otherConfig(old, configs.length);
    }
    const { span = 1 } = configs[config]!;
    const own = sites[config]!;
    sequence.config[run] = config;
    const fits = oldNodes.length === span && oldNodes.every(node => own.includes(node));
    if (oldNodes.length === 0 || !fits || config === old || random() < 0.3) {
      sequence.nodes[run] = this._drawNodes(own, span);
    }
  }

  private _otherConfig(index: number, count: number): number {
    if (index === KEPT || this._random() < 0.5) {
      return below(this._random, count);
    }
    const next = index + (this._random() < 0.5 ? 1 : -1);
    return Math.min(count - 1, Math.max(0, next));
  }

  private _drawNodes(sites: number[], span: number): number[] {
    if (this._random() < 0.2) {
      return [];
    }
    if (span === 1) {
      return [sites[below(this._random, sites.length)]!];
    }
    const left = [...sites];
    return Array.from({ length: span }, () => left.splice(below(this._random, left.length), 1)[0]!).sort(
      (a, b) => a - b
    );
  }
}
