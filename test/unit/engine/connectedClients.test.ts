import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { emptySession } from '../../../src/core/session/session.js';
import { ConnectedClients } from '../../../src/engine/connectedClients.js';

let now: number;
let pushed: string[];
let clients: ConnectedClients;

beforeEach(() => {
  vi.useFakeTimers();
  now = 0;
  pushed = [];
  clients = new ConnectedClients({
    now: () => now,
    state: () => emptySession('test', '/tmp/test').state,
    send: client => pushed.push(client)
  });
  clients.seen('a');
  clients.push();
  pushed = [];
});

afterEach(() => {
  clients.dispose();
  vi.useRealTimers();
});

it('many changes make one push', () => {
  for (let change = 0; change < 10; change++) {
    clients.changed();
  }
  vi.advanceTimersByTime(200);
  expect(pushed).toEqual(['a']);
  vi.advanceTimersByTime(10_000);
  expect(pushed).toEqual(['a']);
});

it('progress waits longer, unless something happens meanwhile', () => {
  clients.changed('progress');
  vi.advanceTimersByTime(900);
  expect(pushed).toEqual([]);
  vi.advanceTimersByTime(100);
  expect(pushed).toEqual(['a']);
  clients.changed('progress');
  clients.changed('change');
  clients.changed('progress');
  vi.advanceTimersByTime(200);
  expect(pushed).toEqual(['a', 'a']);
});

it('forgets who has been silent', () => {
  now = 10;
  clients.seen('b');
  now = 25;
  clients.push();
  clients.push();
  expect(pushed).toEqual(['b', 'b']);
});

it('counts one that is busy as there for a while', () => {
  now = 20;
  expect(clients.silence).toBe(0);
  now = 21;
  expect(clients.silence).toBe(21);
});

it('tells one that comes back what it missed', () => {
  clients.push();
  now = 25;
  clients.push();
  clients.seen('a');
  vi.advanceTimersByTime(200);
  expect(pushed).toEqual(['a', 'a']);
});

it('pushes nothing once disposed', () => {
  clients.changed();
  clients.dispose();
  vi.advanceTimersByTime(1000);
  expect(pushed).toEqual([]);
});
