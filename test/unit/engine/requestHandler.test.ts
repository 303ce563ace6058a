import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { SaturnError } from '../../../src/core/wire/failure.js';
import { RequestHandler } from '../../../src/engine/requestHandler.js';
import type { MessageRouter } from '../../../src/engine/router.js';
import { TaskCurves } from '../../../src/engine/taskFiles/taskCurves.js';

it('answers by an error what it cannot send', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'saturn-handler-'));
  const curves = new TaskCurves(folder);
  const sent: unknown[] = [];
  const send: MessageRouter['send'] = (to, type, body, re) => {
    if (type === 'curves') {
      throw new SaturnError({ code: 'bad-message', message: 'The curves are malformed.' });
    }
    return sent.push([to, type, body, re]);
  };
  const session = () => ({ state: { folder, tasks: [] } });
  const handler = new RequestHandler({ curves, send, session } as unknown as RequestHandler.IOptions);
  const body = { tasks: ['a'], metric: 'loss', points: 10 };
  handler.handle({ sender: 'client', from: 'page', message: { v: 1, id: '7', type: 'curves.read', body } });
  await vi.waitFor(() => expect(sent).toHaveLength(1));
  const error = { code: 'bad-message', message: 'The curves are malformed.' };
  expect(sent).toEqual([['page', 'error', { error }, '7']]);
  curves.dispose();
  rmSync(folder, { recursive: true });
});
