import { describe, expect, it } from 'vitest';
import type { Failure } from '../../../src/core/wire/messages.js';
import { CommChannel } from '../../../src/lab/session/commChannel.js';
import type { Incoming } from '../../../src/lab/session/messageChannel.js';
import { plannedState } from '../../fixtures/sessionStates.js';
import { FakeComm } from '../fakeKernel.js';

function open() {
  const comm = new FakeComm('c1');
  const channel = new CommChannel(comm);
  const pushed: Incoming[] = [];
  const malformed: Failure[] = [];
  channel.pushed.connect((_, message) => void pushed.push(message));
  channel.malformed.connect((_, failure) => void malformed.push(failure));
  return { comm, channel, pushed, malformed };
}

describe('CommChannel', () => {
  it('sends versioned envelopes with ids of their own', () => {
    const { comm, channel } = open();
    void channel.request('plan', { excludeTechniques: ['fsdp'] }).catch(() => undefined);
    void channel.request('ping', {}).catch(() => undefined);
    expect(comm.sent.map(({ v, type, body }) => ({ v, type, body }))).toEqual([
      { v: 1, type: 'plan', body: { excludeTechniques: ['fsdp'] } },
      { v: 1, type: 'ping', body: {} }
    ]);
    expect(new Set(comm.sent.map(({ id }) => id)).size).toBe(2);
    channel.dispose();
  });

  it('matches replies by id, whatever their order', async () => {
    const { comm, channel } = open();
    const first = channel.request('profile', {});
    const second = channel.request('plan', {});
    comm.say('ok', { rev: 2 }, 'plan');
    comm.say('ok', { rev: 1 }, 'profile');
    expect((await first).body).toEqual({ rev: 1 });
    expect((await second).body).toEqual({ rev: 2 });
  });

  it('turns an error reply into an error with its hint', async () => {
    const { comm, channel } = open();
    const reply = channel.request('run', {});
    comm.say(
      'error',
      { error: { code: 'no-tasks', message: 'Nothing to run.', hint: 'Add a task.' } },
      'run'
    );
    await expect(reply).rejects.toMatchObject({ failure: { code: 'no-tasks', hint: 'Add a task.' } });
  });

  it('hands on what nobody asked for', () => {
    const { comm, pushed } = open();
    comm.say('state', { state: plannedState() });
    comm.say('kernel.status', { version: '0.1.0', session: 'quickstart', attached: true });
    expect(pushed.map(message => message.type)).toEqual(['state', 'kernel.status']);
  });

  it.each([
    ['no envelope', 7, 'bad-message'],
    ['another version', { v: 2, id: 'a', type: 'ok', body: { rev: 1 } }, 'bad-message'],
    ['an unknown type', { v: 1, id: 'a', type: 'dance', body: {} }, 'unknown-message'],
    ['a malformed body', { v: 1, id: 'a', type: 'state', body: { state: {} } }, 'bad-message']
  ])('refuses %s and stays alive', (_, data, code) => {
    const { comm, pushed, malformed } = open();
    comm.raw(data);
    expect(malformed.map(failure => failure.code)).toEqual([code]);
    comm.say('ok', { rev: 1 });
    expect(pushed).toHaveLength(1);
  });

  it('rejects what is open when the kernel closes the comm, and afterwards', async () => {
    const { comm, channel } = open();
    const reply = channel.request('plan', {});
    comm.end();
    await expect(reply).rejects.toMatchObject({ failure: { code: 'disconnected' } });
    await expect(channel.request('plan', {})).rejects.toMatchObject({ failure: { code: 'disconnected' } });
    expect(channel.isDisposed).toBe(true);
  });

  it('hears nothing once disposed and leaves the comm open', () => {
    const { comm, channel, pushed } = open();
    channel.dispose();
    channel.dispose();
    comm.say('ok', { rev: 1 });
    expect(pushed).toEqual([]);
    expect(comm.isDisposed).toBe(false);
  });
});
