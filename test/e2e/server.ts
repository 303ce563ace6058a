import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { until } from './processes.js';
import { reports, type Sandbox } from './sandbox.js';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') {
    throw new Error('No free port.');
  }
  return address.port;
}

/** Where each program shows a notebook. */
const PLACES = { 'jupyter-lab': 'lab/tree', 'jupyter-notebook': 'notebooks' } as const;

/** Its log's name; files of tests run side by side. */
const logOf = (program: keyof typeof PLACES) =>
  [program, process.env.VITEST_POOL_ID].filter(Boolean).join('-').concat('.log');

/** How a server is started where it is not by default. */
interface IServerOptions {
  /** JupyterLab when absent; else Notebook 7. */
  program?: keyof typeof PLACES;
  /** Settings that are not JupyterLab's own defaults, by plugin. */
  settings?: Record<string, object>;
}

/** The real JupyterLab, or Notebook, of the Python environment, on a port of this machine alone. */
export class LabServer {
  private constructor(
    private readonly _process: ChildProcess,
    private readonly _program: keyof typeof PLACES,
    readonly url: string,
    readonly token: string
  ) {}

  /** Starts a server on the sandbox's notebooks and waits until it answers. */
  static async start(
    sandbox: Sandbox,
    { program = 'jupyter-lab', settings = {} }: IServerOptions = {}
  ): Promise<LabServer> {
    const port = await freePort();
    const token = randomBytes(16).toString('hex');
    const overrides = join(sandbox.env.JUPYTER_CONFIG_DIR!, 'labconfig');
    mkdirSync(overrides, { recursive: true });
    writeFileSync(
      join(overrides, 'default_setting_overrides.json'),
      JSON.stringify({
        '@jupyterlab/apputils-extension:notification': { fetchNews: 'false', checkForUpdates: false },
        '@jupyterlab/apputils-extension:themes': { 'adaptive-theme': false },
        ...settings
      })
    );
    const child = spawn(
      program,
      [
        '--no-browser',
        '--allow-root',
        '--expose-app-in-browser',
        '--ServerApp.ip=127.0.0.1',
        `--ServerApp.port=${port}`,
        '--ServerApp.port_retries=0',
        `--IdentityProvider.token=${token}`,
        `--ServerApp.root_dir=${sandbox.notebooks}`,
        '--LabApp.extension_manager=readonly'
      ],
      { cwd: sandbox.notebooks, env: sandbox.env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] }
    );
    mkdirSync(reports, { recursive: true });
    const log = createWriteStream(join(reports, logOf(program)));
    child.stdout!.pipe(log, { end: false });
    child.stderr!.pipe(log, { end: false });
    child.once('close', () => log.end());
    const server = new LabServer(child, program, `http://127.0.0.1:${port}`, token);
    await until(`${program} answers`, () => server._answers());
    return server;
  }

  /** Address of a notebook's page. */
  notebook(name: string): string {
    return `${this.url}/${PLACES[this._program]}/${name}?token=${this.token}`;
  }

  /** Asks the server to shut down, kernels first, and makes sure that it did. */
  async stop(): Promise<void> {
    if (this._process.exitCode !== null || this._process.signalCode !== null) {
      return;
    }
    const closed = once(this._process, 'close');
    process.kill(-this._process.pid!, 'SIGTERM');
    const late = setTimeout(() => process.kill(-this._process.pid!, 'SIGKILL'), 20_000);
    await closed;
    clearTimeout(late);
  }

  private async _answers(): Promise<boolean> {
    if (this._process.exitCode !== null) {
      throw new Error(`It ended with ${this._process.exitCode}; see out/test/${logOf(this._program)}.`);
    }
    try {
      const { ok } = await fetch(`${this.url}/api/status?token=${this.token}`);
      return ok;
    } catch {
      return false; // not listening yet
    }
  }
}
