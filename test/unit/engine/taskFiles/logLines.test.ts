import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineScanner } from '../../../../src/engine/taskFiles/lineScanner.js';
import { type ILogLine, LogLineReader } from '../../../../src/engine/taskFiles/logLines.js';

const reader = new LogLineReader();

function read(text: string): ILogLine | null {
  const bytes = Buffer.from(`before\n${text}\nafter`);
  return reader.read(bytes, 7, bytes.length - 6);
}

/** Whether the quick way reads a text. */
function isScanned(text: string): boolean {
  const bytes = Buffer.from(text);
  return new LineScanner().scan(bytes, 0, bytes.length, () => undefined);
}

const digits = fc.integer({ min: 1, max: 15 });
const number = fc
  .tuple(fc.double({ noNaN: true, min: -1e300, max: 1e300 }), digits)
  .map(([value, most]) => Number(value.toPrecision(most)));
const value = fc.oneof(number, fc.integer(), fc.constantFrom(null, 0, -0, 1e22, 1e-22, 1e300, 5e-324));
const name = fc.oneof(
  fc.constantFrom('loss', 'lr', 'größe', '', 'a b', '{'),
  fc.string({ unit: 'grapheme' })
);
const line = fc.record(
  {
    step: fc.nat(),
    time: number,
    loss: value,
    lr: value,
    metrics: fc.dictionary(name, value, { maxKeys: 4 }),
    eval: fc.dictionary(name, value, { maxKeys: 4 })
  },
  { requiredKeys: ['step', 'time'] }
);

/** The numbers of an object, NaN for null. */
const entries = (of: object = {}): [string, number][] =>
  Object.entries(of).map(([key, each]) => [key, each ?? Number.NaN]);

describe('a line', () => {
  it('says what it says as JSON', () => {
    fc.assert(
      fc.property(line, written => {
        const text = JSON.stringify(written);
        const object = JSON.parse(text) as typeof written;
        const said = read(text)!;
        const { step, time, metrics, eval: evaluated, ...values } = object;
        expect([said.step, said.time]).toEqual([step, time]);
        const own = entries(metrics).map(([key, each]) => [
          key === 'loss' || key === 'lr' ? `metrics/${key}` : key,
          each
        ]);
        expect(new Map(said.values)).toEqual(new Map([...entries(values), ...own] as [string, number][]));
        expect(new Map(said.evaluated)).toEqual(
          new Map(entries(evaluated).map(([key, each]) => [`eval/${key}`, each]))
        );
      }),
      { numRuns: 500 }
    );
  });

  it.each([
    '{"step":1,"time":2.5,"loss":1e-7}',
    '{"step": 1, "time": 2.50, "loss": -0.10E+2}',
    '{"step":1,"time":2.5,"loss":null,"metrics":{"größe":3}}',
    '{"step":1,"time":2.5,"eval":{}}'
  ])('as ranks write it is read the quick way: %s', text => {
    expect(isScanned(text)).toBe(true);
    expect(read(text)).toMatchObject({ step: 1, time: 2.5 });
  });

  it.each([
    ['is torn', '{"step":1,"ti'],
    ['was torn and gone on with', '{"step":7,"lo{"step":1,"time":2.5}', 1],
    ['holds texts', '{"step":1,"time":2.5,"note":"x,\\"}"}', 1],
    ['holds what JSON has not', '{"step":1,"time":2.5,"loss":-Infinity}', 1],
    ['holds an escaped name', '{"step":1,"time":2.5,"metrics":{"a\\"b":1}}', 1],
    ['goes deeper', '{"step":1,"time":2.5,"segment":{"strategy":{"devices":1}}}', 1],
    ['holds a list', '{"step":1,"time":2.5,"loss":[1]}', 1],
    ['has no time', '{"step":1,"time":null,"loss":1}', 1],
    ['holds no number', '{"step":1,"time":2.5,"loss":-}'],
    ['has more behind it', '{"step":1,"time":2.5}}'],
    ['has no step', '{"time":2.5,"loss":1}'],
    ['has half a step', '{"step":1.5,"loss":1}'],
    ['is a number', '17'],
    ['is nothing', '']
  ])('that %s is read, or passed over, with care', (_what, text, step?: number) => {
    const said = read(text);
    expect(said?.step).toBe(step);
    expect(said?.time).not.toBeNaN();
  });

  it('does not depend on the line before', () => {
    expect(read('{"step":1,"time":1,"loss":1,"lr":2}')).toEqual(
      expect.objectContaining({
        values: [
          ['loss', 1],
          ['lr', 2]
        ]
      })
    );
    expect(read('{"step":2,"time":1,"lr":3}')).toEqual(expect.objectContaining({ values: [['lr', 3]] }));
    expect(read('{"step":3,"time":1,"lrx":3,"loss":4}')).toEqual(
      expect.objectContaining({ values: [['loss', 4]] })
    );
  });
});
