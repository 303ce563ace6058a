import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { emptySession } from '../../../src/core/session/session.js';
import type { SessionState } from '../../../src/core/wire/messages.js';
import { ConnectedClients } from '../../../src/engine/connectedClients.js';

let now: number;
let state: SessionState;
/** What is wrong with what is sent, if anything. */
let failure: Error | undefined;
let logged: string[];
/** How long each message is. */
let length: number;
/** What was told: to whom, and as what change between which revisions, or as which whole state. */
let told: string[];
let clients: ConnectedClients;

beforeEach(() => {
  vi.useFakeTimers();
  now = 0;
  told = [];
  length = 100;
  logged = [];
  failure = undefined;
  state = { ...emptySession('test', '/tmp/test').state, rev: 1 };
  clients = new ConnectedClients({
    now: () => now,
    state: () => state,
    send: (client, _type, body) => {
      if (failure) {
        throw failure;
      }
      told.push('state' in body ? `${client}: ${body.state.rev}` : `${client}: ${body.base}-${body.rev}`);
      return length;
    },
    log: line => logged.push(line)
  });
  clients.seen('a');
  clients.push();
  clients.taken('a', 1);
  told = [];
});

afterEach(() => {
  clients.dispose();
  vi.useRealTimers();
});

/** Something happens, or goes on. */
function change(urgency?: ConnectedClients.Urgency): void {
  state = { ...state, rev: state.rev + 1 };
  clients.changed(urgency);
}

it('many changes make one push', () => {
  for (let count = 0; count < 10; count++) {
    change();
  }
  vi.advanceTimersByTime(200);
  expect(told).toEqual(['a: 1-11']);
  vi.advanceTimersByTime(10_000);
  expect(told).toEqual(['a: 1-11']);
});

it('a long change is followed by the next when there is room for it, and by all that came meanwhile', () => {
  length = 37_500;
  change();
  vi.advanceTimersByTime(200);
  clients.taken('a', 2);
  change();
  vi.advanceTimersByTime(1400);
  expect(told).toEqual(['a: 1-2']);
  change();
  vi.advanceTimersByTime(100);
  expect(told).toEqual(['a: 1-2', 'a: 2-4']);
});

it('however long a change is, others wait two seconds for it at most', () => {
  length = 10_000_000;
  change();
  vi.advanceTimersByTime(200);
  clients.taken('a', 2);
  change();
  vi.advanceTimersByTime(2000);
  expect(told).toEqual(['a: 1-2', 'a: 2-3']);
});

it('says nothing where nothing has changed', () => {
  clients.changed();
  clients.push();
  clients.tell('a');
  expect(told).toEqual([]);
});

it('progress waits longer, unless something happens meanwhile', () => {
  change('progress');
  vi.advanceTimersByTime(900);
  expect(told).toEqual([]);
  vi.advanceTimersByTime(100);
  expect(told).toEqual(['a: 1-2']);
  clients.taken('a', 2);
  change('progress');
  change('change');
  change('progress');
  vi.advanceTimersByTime(200);
  expect(told).toEqual(['a: 1-2', 'a: 2-5']);
});

describe('a client that does not read', () => {
  it('is told nothing more, however much happens, and others all the same', () => {
    clients.seen('b');
    clients.push();
    clients.taken('b', 1);
    for (let count = 0; count < 5; count++) {
      change();
      clients.push();
      clients.taken('b', state.rev);
    }
    expect(told).toEqual(['b: 1', 'a: 1-2', 'b: 1-2', 'b: 2-3', 'b: 3-4', 'b: 4-5', 'b: 5-6']);
  });

  it('is told the newest once it has read', () => {
    for (let count = 0; count < 5; count++) {
      change();
      clients.push();
    }
    clients.taken('a', 2);
    vi.advanceTimersByTime(200);
    expect(told).toEqual(['a: 1-2', 'a: 2-6']);
  });

  it('has not read by what it had before', () => {
    change();
    clients.push();
    clients.taken('a', 1);
    change();
    clients.push();
    expect(told).toEqual(['a: 1-2']);
  });

  it('may ask for the whole state', () => {
    change();
    clients.push();
    clients.tellAll('a', 'm1');
    expect(told).toEqual(['a: 1-2', 'a: 2']);
  });
});

describe('what does not arrive', () => {
  it('is told again, as a whole, to one that pings but has taken nothing in for long', () => {
    change();
    clients.push();
    now = 10;
    clients.tell('a');
    expect(told).toEqual(['a: 1-2']);
    now = 11;
    clients.tell('a');
    expect(told).toEqual(['a: 1-2', 'a: 2']);
    clients.taken('a', 2);
    change();
    clients.push();
    expect(told).toEqual(['a: 1-2', 'a: 2', 'a: 2-3']);
  });

  it('may wait to be read: one that is slow is told ever more seldom', () => {
    change();
    clients.push();
    told = [];
    for (now = 5; now <= 200; now += 5) {
      clients.seen('a');
      clients.tell('a');
    }
    expect(told).toHaveLength(4);
  });

  it('because it could not be sent is told with the next change, and ends nothing', () => {
    failure = new Error('It is malformed.');
    change();
    vi.advanceTimersByTime(200);
    expect(() => clients.tellAll('a', 'm1')).toThrow('malformed');
    expect(logged).toEqual([expect.stringContaining('malformed')]);
    failure = undefined;
    change();
    vi.advanceTimersByTime(200);
    expect(told).toEqual(['a: 1-3']);
  });
});

it('tells at once when asked to', () => {
  change();
  clients.tell('a');
  expect(told).toEqual(['a: 1-2']);
  clients.taken('a', 2);
  vi.advanceTimersByTime(1000);
  expect(told).toEqual(['a: 1-2']);
});

it('forgets who has been silent', () => {
  now = 10;
  clients.seen('b');
  now = 25;
  change();
  clients.push();
  expect(told).toEqual(['b: 2']);
});

it('counts one that is busy as there for a while', () => {
  now = 20;
  expect(clients.silence).toBe(0);
  now = 21;
  expect(clients.silence).toBe(21);
});

it('does not count one that only follows, though it is told what changes', () => {
  clients.follows('f');
  now = 15;
  clients.seen('f');
  vi.advanceTimersByTime(200);
  expect(told).toContain('f: 1');
  now = 21;
  expect(clients.silence).toBe(21);
});

it('tells one that comes back the whole state', () => {
  now = 25;
  clients.push();
  clients.seen('a');
  vi.advanceTimersByTime(200);
  expect(told).toEqual(['a: 1']);
});

it('pushes nothing once disposed', () => {
  change();
  clients.dispose();
  vi.advanceTimersByTime(1000);
  expect(told).toEqual([]);
});
