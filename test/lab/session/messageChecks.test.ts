import { beforeEach, expect, it, vi } from 'vitest';
import type { Incoming } from '../../../src/lab/session/messageChannel.js';

const ping = (id: string) => ({ v: 1, id, type: 'ok', body: { rev: 1 } });

beforeEach(() => {
  vi.resetModules();
});

async function openChannel() {
  const { MessageChannel } = await import('../../../src/lab/session/messageChannel.js');
  class Channel extends MessageChannel {
    protected get _isOpen(): boolean {
      return true;
    }
    protected _transmit(): void {}
    protected _release(): void {}
    hear(data: unknown): void {
      this._receive(data);
    }
  }
  const channel = new Channel();
  const heard: string[] = [];
  channel.pushed.connect((_, { id }: Incoming) => void heard.push(id));
  channel.malformed.connect((_, { code }) => void heard.push(code));
  return { channel, heard };
}

it('what comes before it can be checked is checked when it can be, in its order', async () => {
  const { channel, heard } = await openChannel();
  channel.hear(ping('a'));
  channel.hear({ v: 1 });
  channel.hear(ping('b'));
  expect(heard).toEqual([]);
  await vi.waitFor(() => expect(heard).toEqual(['a', 'bad-message', 'b']));
  channel.hear(ping('c'));
  expect(heard).toEqual(['a', 'bad-message', 'b', 'c']);
});

it('nothing is told after the end', async () => {
  const { channel, heard } = await openChannel();
  channel.hear(ping('a'));
  channel.dispose();
  const { loadMessageChecks } = await import('../../../src/lab/session/messageChecks.js');
  await loadMessageChecks();
  expect(heard).toEqual([]);
});

it('what is large is taken in by parts, and what comes meanwhile after it', async () => {
  const { loadMessageChecks } = await import('../../../src/lab/session/messageChecks.js');
  await loadMessageChecks();
  const { channel, heard } = await openChannel();
  const { manyTasks } = await import('../../fixtures/manyTasks.js');
  channel.hear({ v: 1, id: 'large', type: 'state', body: { state: manyTasks(101, 0).at(9) } });
  channel.hear(ping('a'));
  channel.hear({ v: 1 });
  expect(heard).toEqual([]);
  await vi.waitFor(() => expect(heard).toEqual(['large', 'a', 'bad-message']));
  channel.hear(ping('b'));
  expect(heard.at(-1)).toBe('b');
});

it('what is being taken in as all ends is not told', async () => {
  const { loadMessageChecks } = await import('../../../src/lab/session/messageChecks.js');
  await loadMessageChecks();
  const { channel, heard } = await openChannel();
  const { yieldToPage } = await import('../../../src/lab/session/yieldToPage.js');
  const { manyTasks } = await import('../../fixtures/manyTasks.js');
  channel.hear({ v: 1, id: 'large', type: 'state', body: { state: manyTasks(101, 0).at(9) } });
  channel.hear(ping('a'));
  await yieldToPage();
  channel.dispose();
  for (let i = 0; i < 4; i++) {
    await yieldToPage();
  }
  expect(heard).toEqual([]);
});
