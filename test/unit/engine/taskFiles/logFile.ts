import fc from 'fast-check';

/** One step of a log, as it counts in the end. */
export interface IRow {
  readonly step: number;
  readonly value: number | null;
}

/** A log as ranks write it, and what it says. */
export interface ILogFile {
  readonly text: string;
  readonly loss: readonly IRow[];
  readonly accuracy: readonly IRow[];
}

interface IAttempt {
  /** So many steps of the attempt before are trained again. */
  readonly back: number;
  readonly steps: number;
  /** Steps from one evaluation to the next. */
  readonly every: number;
  /** Whether it dies while it writes a line. */
  readonly torn: boolean;
  readonly seed: number;
}

const attempt: fc.Arbitrary<IAttempt> = fc.record({
  back: fc.nat(150),
  steps: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1000, max: 2500 })),
  every: fc.integer({ min: 1, max: 40 }),
  torn: fc.boolean(),
  seed: fc.nat()
});

/** Attempts at a task that was stopped, killed and gone on with from earlier steps. */
export const anyAttempts = fc.array(attempt, { minLength: 1, maxLength: 4 });

/** Values of all sizes, some of which are no numbers. */
function valueAt(step: number, seed: number): number | null {
  const x = Math.sin(step * 12.9898 + (seed % 1000)) * 43758.5453;
  const part = x - Math.floor(x);
  return part < 0.02 ? null : Number((part * 10 ** ((seed % 7) - 3)).toPrecision(6));
}

/** What the ranks of some attempts write. */
export function logOf(attempts: readonly IAttempt[]): ILogFile {
  const loss: IRow[] = [];
  const accuracy: IRow[] = [];
  let text = '';
  const put = (rows: IRow[], row: IRow): void => {
    while ((rows.at(-1)?.step ?? -1) >= row.step) {
      rows.pop();
    }
    rows.push(row);
  };
  for (const [number, { back, steps, every, torn, seed }] of attempts.entries()) {
    const first = Math.max(0, (loss.at(-1)?.step ?? 0) - back) + 1;
    const where = { attempt: number + 1, strategy: { technique: 'single', devices: 1 } };
    text += line({ step: first - 1, time: first, segment: where });
    while ((accuracy.at(-1)?.step ?? -1) >= first) {
      accuracy.pop();
    }
    for (let step = first; step < first + steps; step++) {
      const value = valueAt(step, seed);
      text += line({ step, time: 1e9 + step / 8, loss: value, lr: 0.001 }, value === null && step % 2 === 0);
      put(loss, { step, value });
      if (step % every === 0) {
        const found = valueAt(step, seed + 1);
        text += line({ step, time: 1e9 + step / 8, eval: { accuracy: found } });
        put(accuracy, { step, value: found });
      }
    }
    text += torn ? '{"step": 7, "time": 1.0, "lo' : '';
  }
  return { text, loss, accuracy };
}

/** @param asPython - with what Python writes and JSON does not have. */
function line(value: object, asPython = false): string {
  const text = JSON.stringify(value);
  return `${asPython ? text.replace('"loss":null', '"loss": NaN') : text}\n`;
}
