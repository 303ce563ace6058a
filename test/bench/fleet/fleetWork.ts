import type { Inspection, ProfileCell, Strategy, TaskSpec } from '../../../src/core/wire/messages.js';

/** What a task's strategies gain by devices; a name and how much of a device each further one is worth. */
const TECHNIQUES: readonly (readonly [string, number])[] = [
  ['ddp', 0.9],
  ['fsdp', 0.8]
];
const COUNTS = [2, 4, 8];

/** Seconds of the first step, of a checkpoint, and from a request to the first step. */
const COSTS = { save: 0.2, start: 0.5 };

const STEP_SECONDS = 0.1;

/** Tasks of a few kinds, whose speeds are known beforehand: what a fleet of simulated nodes trains. */
export class FleetWork {
  readonly tasks: readonly TaskSpec[];
  private readonly _steps: number;

  /**
   * @param count - how many tasks.
   * @param kinds - how many performance signatures they have.
   * @param seconds - that a task of middle length takes on one device.
   */
  constructor(
    count: number,
    private readonly _kinds: number,
    seconds: number
  ) {
    this._steps = Math.ceil(seconds / STEP_SECONDS);
    this.tasks = Array.from({ length: count }, (_, index) => ({
      name: `task-${index}`,
      sweep: `kind${index % _kinds}`,
      params: { lr: (index + 1) / 1000 },
      seed: 0,
      payload: '0123456789abcdef.pkl',
      hash: `h${index}`
    }));
  }

  /** What building a task tells. */
  inspection({ name }: TaskSpec, maxDevices: number): Inspection {
    const kind = this._kindOf(name);
    // Kinds take half as long to twice as long as the middle one.
    const steps = Math.round(this._steps * 2 ** ((2 * kind) / Math.max(1, this._kinds - 1) - 1));
    return {
      signature: `kind${kind}`,
      steps,
      stepsPerEpoch: steps,
      samples: 8 * steps,
      batchSize: 8,
      parameters: 1e6,
      feasibility: strategies()
        .filter(({ devices }) => devices <= maxDevices)
        .map(strategy => ({ strategy, feasible: true })),
      warnings: []
    };
  }

  /** What a trial, or training, measures. */
  cell(signature: string, strategy: Strategy): ProfileCell {
    return {
      ...{ signature, strategy, status: 'ok', source: 'measured', steps: 20 },
      ...{ stepSeconds: this.stepSeconds(strategy), spreadSeconds: 0.001 },
      ...{ startSeconds: COSTS.start, saveSeconds: COSTS.save, peakBytes: 1e9 }
    };
  }

  /** Seconds of a step. */
  stepSeconds({ technique, devices }: Strategy): number {
    const gain = new Map(TECHNIQUES).get(technique) ?? 1;
    return STEP_SECONDS / (1 + gain * (devices - 1));
  }

  private _kindOf(name: string): number {
    return Number(name.slice('task-'.length)) % this._kinds;
  }
}

/** Namespace of {@link FleetWork}. */
export namespace FleetWork {
  /** Seconds from the request of a group to its first step. */
  export const START_SECONDS = COSTS.start;
}

function strategies(): Strategy[] {
  return [
    { technique: 'single', devices: 1 },
    ...TECHNIQUES.flatMap(([technique]) => COUNTS.map(devices => ({ technique, devices })))
  ];
}
