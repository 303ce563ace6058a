import { Ajv, type ValidateFunction } from 'ajv';
import { SaturnError } from './failure.js';
import schema from './generated/schema.json' with { type: 'json' };
import type {
  AgentMessages,
  ClientMessages,
  EngineMessages,
  Envelope,
  JournalRecord,
  KernelMessages,
  SessionEvent
} from './generated/types.js';

export { failureOf } from './failure.js';
export type * from './generated/types.js';
export { WIRE_VERSION } from './version.js';

/** Every message and journal record, as JSON Schema; both ends are made of the same. */
export const SCHEMA: object = schema;

/** Largest message accepted, in bytes of UTF-8. */
export const MAX_MESSAGE_BYTES = schema.maxBytes;

/** Who speaks. */
export type Direction = 'client' | 'agent' | 'kernel' | 'engine';

interface IMessages {
  client: ClientMessages;
  agent: AgentMessages;
  kernel: KernelMessages;
  engine: EngineMessages;
}

/** A validated message of one direction: a union discriminated by `type`. */
export type Message<D extends Direction> = {
  [T in keyof IMessages[D] & string]: Omit<Envelope, 'type' | 'body'> & { type: T; body: IMessages[D][T] };
}[keyof IMessages[D] & string];

/** A journal record whose event is validated. */
export type SessionRecord = Pick<JournalRecord, 'v' | 'seq' | 'time' | 'begun'> & { event: SessionEvent };

const SCHEMA_ID = 'wire';
const ajv = new Ajv({ strict: false, discriminator: false });
ajv.addSchema(schema, SCHEMA_ID);
const compiled = new Map<string, ValidateFunction>();

/** Look up a name that came from outside; `toString` and its like are no entries. */
function own(map: object, name: string): string | undefined {
  return Object.hasOwn(map, name) ? (map as Record<string, string>)[name] : undefined;
}

function checkOf(definition: string): ValidateFunction {
  let validate = compiled.get(definition);
  if (!validate) {
    validate = ajv.compile({ $ref: `${SCHEMA_ID}#/definitions/${definition}` });
    compiled.set(definition, validate);
  }
  return validate;
}

/**
 * Make the checks of what every client is told, part by part, each with what it is made of before it: one more whenever the next
 * is asked for. Others are made when they are first needed.
 *
 * @returns the names of the definitions.
 */
export function* prepareChecks(): Generator<string, void> {
  const { state, change } = schema.directions.engine;
  for (const definition of withParts(['Envelope', state, change])) {
    ajv.getSchema(`${SCHEMA_ID}#/definitions/${definition}`);
    yield definition;
  }
}

/** Definitions and all that they refer to, what is referred to first. */
function withParts(names: readonly string[]): Set<string> {
  const found = new Set<string>();
  const begun = new Set<string>();
  const visit = (name: string): void => {
    if (!begun.has(name)) {
      begun.add(name);
      partsOf(name).forEach(visit);
      found.add(name);
    }
  };
  names.forEach(visit);
  return found;
}

/** The definitions that one refers to itself. */
function partsOf(name: string): string[] {
  const text = JSON.stringify((schema.definitions as Record<string, unknown>)[name]);
  return [...text.matchAll(/"\$ref":"#\/definitions\/(\w+)"/g)].map(([, part]) => part as string);
}

function check(definition: string, value: unknown, what: string): void {
  const validate = checkOf(definition);
  if (!validate(value)) {
    throw new SaturnError({
      code: 'bad-message',
      message: `${what} is malformed: ${ajv.errorsText(validate.errors, { dataVar: 'message' })}.`,
      hint: 'Restart the kernel and the session so that both run the same version of jupyterlab_saturn.'
    });
  }
}

/**
 * Parse a text that came in, of which nothing is known yet.
 *
 * @throws SaturnError `too-large` or `bad-message`.
 */
export function parseText(text: string | Uint8Array): unknown {
  const bytes = typeof text === 'string' ? text.length : text.byteLength;
  if (bytes > MAX_MESSAGE_BYTES) {
    throw new SaturnError({
      code: 'too-large',
      message: `A message of ${bytes} bytes is over the limit of ${MAX_MESSAGE_BYTES} bytes.`,
      hint: 'Send fewer tasks at once.'
    });
  }
  try {
    return JSON.parse(
      typeof text === 'string' ? text : new TextDecoder('utf-8', { fatal: true }).decode(text)
    );
  } catch (error) {
    throw new SaturnError({ code: 'bad-message', message: `A message is not JSON: ${String(error)}.` });
  }
}

/**
 * Parse and validate one message.
 *
 * @param from - who sent it; decides which types are known.
 * @throws SaturnError `too-large`, `bad-message` or `unknown-message`.
 */
export function parseMessage<D extends Direction>(from: D, text: string | Uint8Array): Message<D> {
  return asMessage(from, parseText(text));
}

/** Whether a message, not yet validated, has a type that only those say who speak in one direction. */
export function isFrom(direction: Direction, value: unknown): boolean {
  const { type } = (value ?? {}) as { type?: unknown };
  return typeof type === 'string' && own(schema.directions[direction], type) !== undefined;
}

/** Validate a message that is already an object, as on a Jupyter comm. Throws like {@link parseMessage}. */
export function asMessage<D extends Direction>(from: D, value: unknown): Message<D> {
  check('Envelope', value, 'A message');
  const message = value as Envelope;
  const definition = own(schema.directions[from], message.type);
  if (definition === undefined) {
    throw new SaturnError({
      code: 'unknown-message',
      message: `Nobody here understands a message of type "${message.type}" from a ${from}.`,
      hint: 'Restart the kernel and the session so that both run the same version of jupyterlab_saturn.'
    });
  }
  check(definition, message.body, `The body of "${message.type}"`);
  return value as Message<D>;
}

/** Validate a journal record. Throws SaturnError `bad-message`. */
export function asRecord(value: unknown): SessionRecord {
  check('JournalRecord', value, 'A journal record');
  const { event } = value as JournalRecord;
  const definition = own(schema.events, event.kind);
  if (definition === undefined) {
    throw new SaturnError({ code: 'bad-message', message: `Unknown journal event "${event.kind}".` });
  }
  check(definition, event, `The journal event "${event.kind}"`);
  return value as SessionRecord;
}

/** Validate a value against one definition of the wire schema by name, e.g. `PlanRequest`. */
export function validate(definition: string, value: unknown): void {
  check(definition, value, `The ${definition}`);
}
