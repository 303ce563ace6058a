import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { failureOf, type SessionEvent } from '../../../../src/core/wire/messages.js';
import type { IDamage } from '../../../../src/engine/journal/damagedPart.js';
import { Journal } from '../../../../src/engine/journal/journal.js';
import { FORMAT } from '../../../../src/engine/journal/migrations.js';
import { recordLine } from '../../../../src/engine/journal/recordLine.js';

const disk = vi.hoisted(() => ({ forced: 0, failure: null as Error | null }));
vi.mock('node:fs', async original => {
  const fs = await original<typeof import('node:fs')>();
  const fdatasync = (file: number, done: (error: Error | null) => void): void => {
    disk.forced += 1;
    fs.fdatasync(file, error => done(disk.failure ?? error));
  };
  return { ...fs, fdatasync };
});

let folder: string;
let path: string;
let unforced: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'saturn-journal-'));
  path = join(folder, 'journal.jsonl');
  unforced = [];
  disk.failure = null;
});
afterEach(() => rmSync(folder, { recursive: true }));

const EVENTS: SessionEvent[] = [
  { kind: 'created', session: 's', version: '0.1.0' },
  { kind: 'profile-requested' },
  { kind: 'run-requested', tasks: ['a-name'] },
  { kind: 'plan-failed', basis: 1, error: { code: 'none', message: 'Größer'.repeat(60) } },
  { kind: 'plan-failed', basis: 2, error: { code: 'none', message: 'Größer'.repeat(60) } },
  { kind: 'reset' }
];

function open(): Journal {
  return Journal.open(path, error => unforced.push(error.failure.code));
}

/** What a journal tells; it is closed. */
function read(after?: { seq: number; version: string }): {
  events: SessionEvent[];
  damage?: IDamage | undefined;
} {
  const journal = open();
  const events = [...journal.recover(after)].map(({ event }) => event);
  journal.dispose();
  return { events, damage: journal.damage };
}

function write(events: readonly SessionEvent[]): void {
  const journal = open();
  const { length } = [...journal.recover()];
  for (const [index, event] of events.entries()) {
    journal.append(event, length + index);
  }
  journal.dispose();
}

/** Write events, a part of the journal each. */
function writeParts(...parts: readonly SessionEvent[][]): void {
  const journal = open();
  for (const [index, events] of parts.entries()) {
    for (const event of events) {
      journal.append(event, index);
    }
    if (index + 1 < parts.length) {
      journal.beginPart(() => undefined);
    }
  }
  journal.dispose();
}

const lines = (): string[] => readFileSync(path, 'utf8').trim().split('\n');

function codeOf(act: () => unknown): string {
  try {
    act();
    return 'none';
  } catch (error) {
    return failureOf(error).code;
  }
}

describe('Journal', () => {
  it('gives back what was appended, and goes on from there', () => {
    write(EVENTS.slice(0, 2));
    write(EVENTS.slice(2));
    expect(read()).toEqual({ events: EVENTS, damage: undefined });
    expect(lines().map(line => JSON.parse(line).seq)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('cut at any byte, loses at most the record that was being written, without a word', () => {
    write(EVENTS);
    const whole = readFileSync(path);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length }), size => {
        writeFileSync(path, whole);
        truncateSync(path, size);
        const { events, damage } = read();
        const complete = whole.subarray(0, size).toString().split('\n').length - 1;
        // The last may lack its end only.
        expect(events).toEqual(EVENTS.slice(0, Math.max(complete, events.length)));
        expect(events.length - complete).toBeLessThanOrEqual(1);
        expect(damage).toBeUndefined();
        write([{ kind: 'reset' }]);
        expect(read().events).toEqual([...events, { kind: 'reset' }]);
      }),
      { numRuns: 60 }
    );
  });

  it('with any bit flipped, tells nothing that was not so, and sets aside what it cannot tell', () => {
    write(EVENTS);
    const whole = readFileSync(path);
    const flip = fc.record({ at: fc.nat({ max: whole.length - 1 }), bit: fc.nat({ max: 7 }) });
    fc.assert(
      fc.property(flip, ({ at, bit }) => {
        rmSync(join(folder, 'history'), { recursive: true, force: true });
        const flipped = Buffer.from(whole);
        flipped[at]! ^= 1 << bit;
        writeFileSync(path, flipped);
        const { events, damage } = read();
        expect(events).toEqual(EVENTS.slice(0, events.length));
        if (events.length < EVENTS.length) {
          expect(damage?.seq).toBe(events.length + 1);
          expect(readFileSync(join(damage!.folder, 'journal.jsonl'))).toEqual(flipped);
        }
        write([{ kind: 'reset' }]);
        expect(read()).toEqual({ events: [...events, { kind: 'reset' }], damage: undefined });
      }),
      { numRuns: process.env.SATURN_NIGHTLY === '1' ? 1000 : 60 }
    );
  });

  it('tells how much is lost', () => {
    write(EVENTS);
    writeFileSync(path, readFileSync(path, 'utf8').replace('"run-requested"', '"run-requestad"'));
    expect(read()).toMatchObject({ events: EVENTS.slice(0, 2), damage: { seq: 3, records: 4 } });
  });

  it('takes a record that is missing for damage', () => {
    write(EVENTS);
    const [first, , ...others] = lines();
    writeFileSync(path, `${[first, ...others].join('\n')}\n`);
    expect(read()).toMatchObject({ events: EVENTS.slice(0, 1), damage: { seq: 2 } });
  });

  it('says when it cannot be opened', () => {
    path = join(folder, 'no', 'such', 'folder.jsonl');
    expect(codeOf(open)).toBe('journal-failed');
  });
});

describe('parts of a journal', () => {
  const PARTS = [EVENTS.slice(0, 2), EVENTS.slice(2, 4), EVENTS.slice(4)];
  const archived = (): string[] => readdirSync(join(folder, 'history')).sort();

  it('are read as one, compressed or not, from any record to any other', async () => {
    writeParts(...PARTS);
    expect(archived()).toEqual(['1-2.jsonl', '3-4.jsonl']);
    expect(read().events).toEqual(EVENTS);
    const journal = open();
    await journal.compress();
    expect(archived()).toEqual(['1-2.jsonl.gz', '3-4.jsonl.gz']);
    for (let after = 0; after <= EVENTS.length; after++) {
      for (let last = after; last <= EVENTS.length; last++) {
        expect([...journal.read(after, last)].map(({ event }) => event)).toEqual(EVENTS.slice(after, last));
      }
    }
    journal.dispose();
    expect(read().events).toEqual(EVENTS);
    expect(read({ seq: 3, version: '0.1.0' }).events).toEqual(EVENTS.slice(3));
  });

  it('are read on while others are begun and compressed', async () => {
    writeParts(...PARTS);
    const journal = open();
    const reading = journal.read(0, EVENTS.length);
    const events = [reading.next().value!.event];
    await journal.compress();
    events.push(reading.next().value!.event);
    journal.beginPart(() => undefined);
    await journal.compress();
    journal.append({ kind: 'reset' }, 9);
    expect([...events, ...[...reading].map(({ event }) => event)]).toEqual(EVENTS);
    journal.dispose();
  });

  it('are found at every moment of their being compressed', async () => {
    writeParts(...EVENTS.map(event => [event]));
    const journal = open();
    let isDone = false;
    const done = journal.compress().then(() => {
      isDone = true;
    });
    while (!isDone) {
      expect([...journal.read(0, EVENTS.length)].map(({ event }) => event)).toEqual(EVENTS);
      await setImmediate();
    }
    await done;
    expect(archived().every(name => name.endsWith('.gz'))).toBe(true);
    journal.dispose();
  });

  it('are whole after a kill while one was begun or compressed', () => {
    writeParts(...PARTS);
    const part = join(folder, 'history', '1-2.jsonl');
    const text = readFileSync(part);
    writeFileSync(`${part}.gz`, gzipSync(text));
    expect(read().events).toEqual(EVENTS);
    expect(existsSync(part)).toBe(false);
    const journal = open();
    journal.beginPart(() => undefined);
    journal.dispose();
    rmSync(path);
    expect(read().events).toEqual(EVENTS);
  });

  it('stay as they are when what comes of them cannot be written down', () => {
    const journal = open();
    journal.append(EVENTS[0]!, 0);
    expect(() =>
      journal.beginPart(() => {
        throw new Error('The disk is full.');
      })
    ).toThrow('full');
    journal.append(EVENTS[1]!, 1);
    journal.dispose();
    expect(read().events).toEqual(EVENTS.slice(0, 2));
    expect(lines()).toHaveLength(2);
  });

  it('when damaged are set aside with all that follows, unless a snapshot tells what came of them', () => {
    writeParts(...PARTS);
    const part = join(folder, 'history', '3-4.jsonl');
    writeFileSync(part, readFileSync(part, 'utf8').replace('Gr', 'gR'));
    writeFileSync(join(folder, 'history', '2.snapshot'), 'before');
    writeFileSync(join(folder, 'history', '4.snapshot'), 'after');
    expect(read({ seq: 4, version: '0.1.0' })).toEqual({ events: EVENTS.slice(4), damage: undefined });
    const journal = open();
    expect(codeOf(() => [...journal.read(2, 4)])).toBe('journal-damaged');
    journal.dispose();

    const { events, damage } = read();
    expect(events).toEqual(EVENTS.slice(0, 3));
    expect(damage).toMatchObject({ seq: 4, records: 3 });
    expect(readdirSync(damage!.folder).sort()).toEqual(['3-4.jsonl', '4.snapshot', 'journal.jsonl']);
    expect(archived().filter(name => !name.startsWith('damaged'))).toEqual(['1-2.jsonl', '2.snapshot']);
    write([{ kind: 'reset' }]);
    expect(read()).toEqual({ events: [...EVENTS.slice(0, 3), { kind: 'reset' }], damage: undefined });
  });

  it('that are cut off end there', () => {
    writeParts(...PARTS);
    const part = join(folder, 'history', '1-2.jsonl');
    truncateSync(part, readFileSync(part).length - 9);
    expect(read()).toMatchObject({ events: EVENTS.slice(0, 1), damage: { seq: 2, records: 5 } });
    expect(read().events).toEqual(EVENTS.slice(0, 1));
  });

  it('that are missing end the journal before them', () => {
    writeParts(...PARTS);
    rmSync(join(folder, 'history', '3-4.jsonl'));
    expect(read()).toMatchObject({ events: EVENTS.slice(0, 2), damage: { seq: 3 } });
    write([{ kind: 'reset' }]);
    expect(read().events).toEqual([...EVENTS.slice(0, 2), { kind: 'reset' }]);
  });
});

describe('versions', () => {
  const line = (record: object): string => `${JSON.stringify(record)}\n`;
  const olds = EVENTS.map((event, index) => ({ v: 1, seq: index + 1, time: index, event }));

  it('before there were digests are read and gone on with', () => {
    writeFileSync(path, olds.map(line).join(''));
    write([{ kind: 'reset' }]);
    expect(read().events).toEqual([...EVENTS, { kind: 'reset' }]);
    expect(lines().map(text => JSON.parse(text).v)).toEqual([1, 1, 1, 1, 1, 1, FORMAT]);
  });

  it('to come are refused by name, and nothing is changed', () => {
    const created = { ...EVENTS[0], version: '3.0.0' };
    const of = (record: object): Buffer => recordLine(record as never);
    const texts = [
      // A format that nobody knows here, with or without a digest that is known.
      Buffer.concat([
        of({ v: 2, seq: 1, time: 0, event: EVENTS[0] }),
        of({ v: 9, seq: 2, time: 0, event: created })
      ]),
      Buffer.from(line({ v: 9, seq: 1, time: 0, event: created })),
      // The same format with an event that nobody knows here.
      Buffer.concat([
        of({ v: 2, seq: 1, time: 0, event: created }),
        of({ v: 2, seq: 2, time: 0, event: { kind: 'dreamt' } })
      ])
    ];
    for (const text of texts) {
      writeFileSync(path, text);
      const journal = open();
      try {
        [...journal.recover()];
        expect.unreachable();
      } catch (error) {
        expect(failureOf(error).code).toBe('other-version');
        expect(failureOf(error).message).toMatch(/3\.0\.0.*0\.1\.0/);
      }
      journal.dispose();
      expect(readFileSync(path)).toEqual(text);
      expect(journal.damage).toBeUndefined();
    }
  });
});

describe('the disk', () => {
  it('is asked once for what comes while it is busy, and all is told when it has answered', async () => {
    const journal = open();
    disk.forced = 0;
    const told: number[] = [];
    const all = Array.from({ length: 100 }, (_, index) => {
      journal.append({ kind: 'reset' }, index);
      return journal.forced().then(() => told.push(index));
    });
    expect(told).toEqual([]);
    await Promise.all(all);
    expect(told).toEqual(all.map((_, index) => index));
    expect(disk.forced).toBeLessThanOrEqual(2);
    await journal.forced();
    expect(disk.forced).toBeLessThanOrEqual(2);
    journal.dispose();
  });

  it('that cannot keep what was written is told at once, and nothing is promised', async () => {
    const journal = open();
    disk.failure = Object.assign(new Error('It is gone.'), { code: 'EIO' });
    journal.append({ kind: 'reset' }, 0);
    let promised = false;
    void journal.forced().then(() => {
      promised = true;
    });
    await vi.waitFor(() => expect(unforced).toEqual(['journal-failed']));
    expect(promised).toBe(false);
  });
});

it('writes what is equal to what was written before as a reference', () => {
  write(EVENTS);
  const [, , , first, second] = lines();
  expect(first!.length).toBeGreaterThan(400);
  expect(second!.length).toBeLessThan(200);
  expect(JSON.parse(second!)).toMatchObject({ refs: true, event: { error: { $ref: '4/error' } } });
});
