import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { SessionEvent } from '../../../../src/core/wire/messages.js';
import { SharedParts, unfold } from '../../../../src/engine/journal/sharedParts.js';

/** Large values, few of them different, so that parts are often equal. */
const large = fc.constantFrom(
  ...['a', 'b/c', 'd~e', '__proto__'].map(text => ({ [text]: text.repeat(300) }))
);
const { event } = fc.letrec(tie => ({
  event: fc.dictionary(fc.constantFrom('kind', 'x', 'y/z', '~', '$ref'), tie('value'), { maxKeys: 4 }),
  value: fc.oneof(
    { depthSize: 'small' },
    large,
    fc.constantFrom('7/x', 1, null, true, []),
    fc.array(tie('value'), { maxLength: 4 }),
    tie('event')
  )
}));

it('gives back exactly what was written, whatever it refers to', () => {
  let referred = 0;
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 8 }), events => {
      const shared = new SharedParts();
      const stored: { event: unknown; refs: boolean }[] = [];
      for (const [index, each] of events.entries()) {
        const { written, ...folded } = shared.fold(index + 1, each as unknown as SessionEvent);
        written();
        stored.push(JSON.parse(JSON.stringify(folded)));
        referred += folded.refs ? 1 : 0;
      }
      const eventOf = (seq: number): unknown => {
        const { event, refs } = stored[seq - 1]!;
        return refs ? unfold(event, seq, eventOf) : event;
      };
      expect(events.map((_, index) => eventOf(index + 1))).toEqual(JSON.parse(JSON.stringify(events)));
    })
  );
  expect(referred).toBeGreaterThan(20);
});

it('refers to nothing that was not written', () => {
  const shared = new SharedParts();
  const told = { kind: 'x', part: { text: 'y'.repeat(300) } } as unknown as SessionEvent;
  shared.fold(1, told); // the disk was full
  expect(shared.fold(1, told).refs).toBe(false);
});

it('does not follow references that lead nowhere', () => {
  for (const $ref of ['3/x', '1/nothing', 'x', '2', '0/x']) {
    expect(() => unfold({ part: { $ref } }, 2, () => ({ x: 1 }))).toThrow($ref);
  }
});
