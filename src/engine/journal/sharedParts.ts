import { createHash } from 'node:crypto';
import type { SessionEvent } from '../../core/wire/messages.js';

/** Shorter parts are written again, in characters of JSON: a reference would be hardly shorter, and harder to read. */
const SHORTEST = 256;

/** Stands for a part that was written before. */
interface IReference {
  /** Number of the record, and a JSON pointer (RFC 6901) into its event. */
  readonly $ref: string;
}

const REFERENCE = /^(\d+)((?:\/[^/]*)+)$/;

/**
 * What one part of the journal holds already. Plans and inspections are large, and most of a plan or an inspection is
 * often that of the one before: what is equal is written once.
 */
export class SharedParts {
  /** By digest of a part's JSON: the reference to it. */
  private readonly _known = new Map<string, string>();

  /**
   * An event as it is to be written.
   *
   * @param seq - number of its record.
   * @returns the event, whether it has references, and what to call once it is written.
   */
  fold(seq: number, event: SessionEvent): { event: unknown; refs: boolean; written: () => void } {
    const text = JSON.stringify(event);
    const fresh = new Map<string, string>();
    let refs = false;
    const foldPart = (value: unknown, pointer: string): unknown => {
      if (typeof value !== 'object' || value === null) {
        return value;
      }
      const part = JSON.stringify(value);
      if (part.length < SHORTEST) {
        return value;
      }
      const key = createHash('sha256').update(part).digest('base64');
      const known = this._known.get(key) ?? fresh.get(key);
      if (known !== undefined) {
        refs = true;
        return { $ref: known } satisfies IReference;
      }
      const folded = inside(value, pointer);
      fresh.set(key, `${seq}${pointer}`);
      return folded;
    };
    const inside = (value: object, pointer: string): unknown =>
      Array.isArray(value)
        ? value.map((item, index) => foldPart(item, `${pointer}/${index}`))
        : Object.fromEntries(
            Object.entries(value).map(([key, item]) => [key, foldPart(item, `${pointer}/${escaped(key)}`)])
          );
    // What looks like a reference, and is somebody's value, stays what it is.
    const isPlain = text.length < SHORTEST || text.includes('"$ref"');
    const folded = isPlain ? event : inside(event, '');
    return {
      event: folded,
      refs,
      written: () => {
        for (const [key, reference] of fresh) {
          this._known.set(key, reference);
        }
      }
    };
  }
}

/**
 * An event as it was before it was folded.
 *
 * @param seq - number of its record.
 * @param eventOf - the event of an earlier record, unfolded.
 * @throws Error when a reference leads nowhere.
 */
export function unfold(event: unknown, seq: number, eventOf: (seq: number) => unknown): unknown {
  const unfoldPart = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) {
      return value;
    }
    if (Array.isArray(value)) {
      return value.map(unfoldPart);
    }
    const { $ref } = value as Partial<IReference>;
    return $ref === undefined
      ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unfoldPart(item)]))
      : resolve($ref);
  };
  const resolve = (reference: string): unknown => {
    const [, record = '', pointer = ''] = REFERENCE.exec(reference) ?? [];
    const from = Number(record);
    // Within the record itself, what is referred to comes before the reference.
    const whole = from === seq ? event : from > 0 && from < seq ? eventOf(from) : undefined;
    const part = pointer
      .split('/')
      .slice(1)
      .reduce<unknown>(
        (value, key) => (value as Record<string, unknown> | undefined)?.[unescaped(key)],
        whole
      );
    if (part === undefined) {
      throw new Error(`there is no ${reference}`);
    }
    return from === seq ? unfoldPart(part) : part;
  };
  return unfoldPart(event);
}

const escaped = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

const unescaped = (token: string): string => token.replaceAll('~1', '/').replaceAll('~0', '~');
