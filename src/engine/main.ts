import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { SaturnError } from '../core/wire/failure.js';
import { SCHEMA } from '../core/wire/messages.js';
import { freeBytesAt } from './diskSpace.js';
import { Engine } from './engine.js';
import { AgentExecutor } from './executor/agentExecutor.js';
import { ThreadPlannerClient } from './planner/threadPlannerClient.js';
import { profileCacheFolder } from './profileCache.js';
import { MessageRouter } from './router.js';
import { VERSION } from './version.js';

/** What it is, for those who ask whether it fits them: its version, and the messages it understands. */
const about = (): string => JSON.stringify({ version: VERSION, schema: SCHEMA });

/**
 * The engine as a process. Its parent, the agent, holds the other end of its standard input:
 * when that ends the agent is gone, and the engine goes too. A line in it is an endpoint to listen at as well: the
 * file of a socket may be removed, and nobody new would find it.
 */
async function main(): Promise<void> {
  // Its log is on a disk that may be full, which is no reason to end.
  process.stderr.on('error', () => undefined);
  const { values } = parseArgs({
    options: {
      session: { type: 'string' },
      folder: { type: 'string' },
      journal: { type: 'string' },
      endpoint: { type: 'string' },
      'idle-seconds': { type: 'string', default: '120' },
      about: { type: 'boolean', default: false }
    }
  });
  if (values.about) {
    process.stdout.write(`${about()}\n`);
    return;
  }
  const { session, folder, journal, endpoint } = values;
  if (!session || !folder || !journal || !endpoint) {
    throw new Error('Needed: --session NAME --folder DIR --journal FILE --endpoint ipc://PATH');
  }
  const program = fileURLToPath(import.meta.url);
  const here = dirname(program);
  const log = (line: string): void => {
    process.stderr.write(`${new Date().toISOString()} ${line}\n`);
  };
  const router = new MessageRouter();
  const engine = await Engine.start({
    session,
    folder,
    journal,
    endpoint,
    router,
    executor: context => new AgentExecutor({ ...context, router }),
    idleSeconds: Number(values['idle-seconds']),
    cache: profileCacheFolder(process.env),
    planner: new ThreadPlannerClient({
      script: join(here, 'planner.mjs'),
      wasm: join(here, 'highs.wasm')
    }),
    freeBytes: () => freeBytesAt(folder),
    now: () => Date.now() / 1000,
    build: createHash('sha256').update(readFileSync(program)).digest('hex'),
    abort: fail,
    log
  });
  const leave = (): void => {
    void engine.close().then(() => process.exit(0));
  };
  const listen = (endpoint: string): void => {
    try {
      router.listen(endpoint);
    } catch (error) {
      log(`cannot listen at ${endpoint}: ${String(error)}`); // the agent asks again
    }
  };
  createInterface(process.stdin).on('line', listen).on('close', leave);
  process.stdin.on('error', leave);
  process.on('SIGTERM', leave);
  process.on('SIGINT', leave);
}

/** Why it cannot start, in the last line of its log; the code says that to start it again would not help. */
const CANNOT_OPEN = 65;

function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof SaturnError && error.failure.code === 'other-version') {
    process.stderr.write(`${JSON.stringify(error.failure)}\n`);
    process.exit(CANNOT_OPEN);
  }
  process.exit(1);
}

main().catch(fail);
