import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failureOf, type SessionEvent } from '../../../src/core/wire/messages.js';
import { Journal } from '../../../src/engine/journal.js';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'saturn-journal-'));
  path = join(folder, 'journal.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

const EVENTS: SessionEvent[] = [
  { kind: 'created', session: 's', version: '0' },
  { kind: 'profile-requested' },
  { kind: 'run-requested', tasks: ['ä-name'.replace('ä', 'a')] },
  { kind: 'reset' }
];

function write(events: readonly SessionEvent[]): void {
  const { journal } = Journal.open(path);
  for (const [index, event] of events.entries()) {
    journal.append(event, index);
  }
  journal.dispose();
}

function read(): SessionEvent[] {
  const { journal, records } = Journal.open(path);
  journal.dispose();
  return records.map(record => record.event);
}

describe('Journal', () => {
  it('gives back what was appended, and goes on from there', () => {
    write(EVENTS.slice(0, 2));
    write(EVENTS.slice(2));
    expect(read()).toEqual(EVENTS);
    expect(
      readFileSync(path, 'utf8')
        .trim()
        .split('\n')
        .map(line => JSON.parse(line).seq)
    ).toEqual([1, 2, 3, 4]);
  });

  it('cut at any byte, loses at most the record that was being written', () => {
    write(EVENTS);
    const whole = readFileSync(path);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length }), size => {
        writeFileSync(path, whole);
        truncateSync(path, size);
        const complete = whole.subarray(0, size).toString().split('\n').length - 1;
        expect(read()).toEqual(EVENTS.slice(0, complete));
        write([{ kind: 'reset' }]);
        expect(read()).toEqual([...EVENTS.slice(0, complete), { kind: 'reset' }]);
      }),
      { numRuns: 60 }
    );
  });

  it('drops an unreadable last line, and refuses damage before it', () => {
    write(EVENTS.slice(0, 2));
    appendFileSync(path, '{"half": \n');
    expect(read()).toEqual(EVENTS.slice(0, 2));
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('"created"', '"creaXed"'));
    try {
      Journal.open(path);
      expect.unreachable();
    } catch (error) {
      expect(failureOf(error).code).toBe('journal-damaged');
      expect(failureOf(error).message).toContain('Line 1');
    }
  });

  it('says when it cannot be opened', () => {
    try {
      Journal.open(join(folder, 'no', 'such', 'folder.jsonl'));
      expect.unreachable();
    } catch (error) {
      expect(failureOf(error).code).toBe('journal-failed');
    }
  });
});
