import { createHash } from 'node:crypto';
import { SaturnError } from '../../core/wire/failure.js';
import { asRecord, type SessionEvent, type SessionRecord } from '../../core/wire/messages.js';
import { VERSION } from '../version.js';
import { BEGUN_FORMAT, FORMAT, MIGRATIONS } from './migrations.js';
import { unfold } from './sharedParts.js';

/** Between two lines. */
export const NEWLINE = 0x0a;

/** Ends a line: a digest of all before it. */
const SUM = /,"sum":"([0-9a-f]{16})"\}$/;
const SUM_BYTES = ',"sum":"0123456789abcdef"}'.length;

/** A record that is not as it was written. */
export class DamagedRecord extends Error {
  /** @param seq - its number. */
  constructor(
    readonly seq: number,
    reason: string
  ) {
    super(`Record ${seq} ${reason}.`);
    this.name = 'DamagedRecord';
  }
}

/** A record as it is written, but for its digest. */
interface IStoredRecord extends Omit<SessionRecord, 'event'> {
  /** Parts of it may be references: see {@link SharedParts}. */
  readonly event: unknown;
  readonly refs?: boolean;
}

/** A record as a line of the journal. */
export function recordLine(record: IStoredRecord): Buffer {
  const text = JSON.stringify(record).slice(0, -1);
  return Buffer.from(`${text},"sum":"${digest(text)}"}\n`);
}

/** Where each line of a text ends. */
export function endsOf(text: Buffer): number[] {
  const ends: number[] = [];
  for (let end = text.indexOf(NEWLINE); end >= 0; end = text.indexOf(NEWLINE, end + 1)) {
    ends.push(end + 1);
  }
  return ends;
}

/** Whether a line, its end left out, is as it was written. Those of before there were digests are never known to be. */
export function isIntact(line: Buffer): boolean {
  return isSummed(line.toString('utf8'));
}

function isSummed(text: string): boolean {
  return SUM.exec(text.slice(-SUM_BYTES))?.[1] === digest(text.slice(0, -SUM_BYTES));
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** Reads the records of a journal in their order, whichever version wrote them. */
export class RecordReader {
  private _format = 1;

  /** @param version - of the product that wrote what comes before, if that is known. */
  constructor(private _version?: string) {}

  /** Version of the product that wrote the last record, as far as is known. */
  get version(): string | undefined {
    return this._version;
  }

  /**
   * The records of one part of the journal.
   *
   * @param text - lines, each of them ended.
   * @param first - number of the first.
   * @param after - number of the record before the first that is wanted.
   * @throws DamagedRecord, or SaturnError `other-version` when another version wrote what this one cannot read.
   */
  *records(text: Buffer, first: number, after = 0): Generator<SessionRecord> {
    const ends: number[] = [];
    const referred = new Map<number, unknown>();
    const eventOf = (seq: number): unknown => {
      if (!referred.has(seq)) {
        const line = text.subarray(ends[seq - first - 1] ?? 0, (ends[seq - first] ?? 0) - 1);
        const { event, refs } = JSON.parse(line.toString('utf8')) as IStoredRecord;
        referred.set(seq, refs ? unfold(event, seq, eventOf) : event);
      }
      return referred.get(seq);
    };
    for (let start = 0; start < text.length; start = ends.at(-1)!) {
      const end = text.indexOf(NEWLINE, start);
      const seq = first + ends.length;
      if (end < 0) {
        throw new DamagedRecord(seq, 'ends before its end');
      }
      ends.push(end + 1);
      if (seq > after) {
        yield this._record(text.subarray(start, end).toString('utf8'), seq, eventOf);
      }
    }
  }

  private _record(line: string, seq: number, eventOf: (seq: number) => unknown): SessionRecord {
    const damaged = (reason: string): DamagedRecord => new DamagedRecord(seq, reason);
    const isWhole = isSummed(line);
    const stored = parse(line);
    const format = typeof stored?.v === 'number' ? stored.v : 0;
    if (stored && format > FORMAT && (isWhole || !line.includes(',"sum":'))) {
      throw this._otherVersion(stored.event);
    }
    // Digests came with format 2; what follows one that has it has one, too.
    if (!stored || format < this._format || (!isWhole && format !== 1)) {
      throw damaged('is not what was written');
    }
    if (stored.seq !== seq) {
      throw damaged(`is not there; ${stored.seq} is`);
    }
    this._format = format;
    let record: SessionRecord;
    try {
      const { time, event, begun = {}, refs } = stored;
      const whole = refs ? unfold(event, seq, eventOf) : event;
      const told = MIGRATIONS.slice(format - 1).reduce((old, migrate) => migrate(old), whole);
      const v = Math.max(format, BEGUN_FORMAT);
      record = asRecord({ v, seq, time, event: told, ...(format >= BEGUN_FORMAT && { begun }) });
    } catch (error) {
      if (isWhole && this._version !== undefined && this._version !== VERSION) {
        throw this._otherVersion(stored.event);
      }
      throw damaged(`cannot be read: ${String(error)}`);
    }
    this._version = versionOf(record.event) ?? this._version;
    return record;
  }

  private _otherVersion(event: unknown): SaturnError {
    const version = versionOf(event) ?? this._version ?? 'another version';
    return new SaturnError({
      code: 'other-version',
      message: `This session was gone on with by jupyterlab-saturn ${version}, and its journal cannot be read by ${VERSION}, which is installed here. Nothing was changed.`,
      hint: 'Install that version again, or a newer one; or start another session with %saturn session NAME.'
    });
  }
}

function parse(line: string): (Omit<IStoredRecord, 'v'> & { v: unknown }) | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null
      ? (value as Omit<IStoredRecord, 'v'> & { v: unknown })
      : undefined;
  } catch {
    return undefined;
  }
}

/** The version that an event tells, if it does: the first of a session, and each after another version took over. */
function versionOf(event: unknown): string | undefined {
  const { kind, version } = (event ?? {}) as { kind?: unknown; version?: unknown };
  const tells: readonly unknown[] = ['created', 'version-changed'] satisfies SessionEvent['kind'][];
  return tells.includes(kind) && typeof version === 'string' ? version : undefined;
}
