import { join } from 'node:path';
import { Engine } from '../../../src/engine/engine.js';
import type { IEngineOptions } from '../../../src/engine/engineOptions.js';
import { AgentExecutor } from '../../../src/engine/executor/agentExecutor.js';
import { MessageRouter } from '../../../src/engine/router.js';
import { serialPlan } from '../session/sessionHarness.js';

/** Where the engine of a folder listens. */
export const endpointOf = (folder: string): string => `ipc://${join(folder, 'engine.sock')}`;

/** A real engine in a folder, whose plans have one task after another; a test says what is otherwise. */
export function startEngine(
  options: Pick<IEngineOptions, 'folder' | 'now'> & Partial<IEngineOptions>
): Promise<Engine> {
  const { folder, router = new MessageRouter() } = options;
  return Engine.start({
    router,
    executor: context => new AgentExecutor({ ...context, router }),
    session: 'test',
    journal: join(folder, 'journal.jsonl'),
    endpoint: endpointOf(folder),
    idleSeconds: 1e9,
    cache: join(folder, 'cache'),
    planner: {
      plan: async request => serialPlan(request),
      cancel: () => undefined,
      dispose: () => undefined
    },
    freeBytes: () => undefined,
    build: 'test',
    abort: error => {
      throw error;
    },
    log: () => undefined,
    ...options
  });
}
