import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { processesOf, until } from './processes.js';

/** The repository's folder. */
export const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Where screenshots and logs of the tests go. */
export const reports = join(repository, 'out', 'test');

/** A folder of its own for everything a test writes, and the variables that point Jupyter and Saturn there. */
export class Sandbox {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'saturn-e2e-')));
  readonly notebooks = join(this.folder, 'notebooks');
  readonly sessions = join(this.folder, 'sessions');
  readonly env: NodeJS.ProcessEnv;

  /** @param bin folder of the Python environment's programs, first on the PATH */
  constructor(bin = join(repository, '.venv', 'bin')) {
    const at = (name: string) => {
      const folder = join(this.folder, name);
      mkdirSync(folder, { mode: 0o700 });
      return folder;
    };
    mkdirSync(this.notebooks);
    mkdirSync(this.sessions, { mode: 0o700 });
    this.env = {
      ...process.env,
      PATH: `${bin}${delimiter}${process.env.PATH}`,
      PYTHONNOUSERSITE: '1',
      HOME: at('home'),
      JUPYTER_CONFIG_DIR: at('config'),
      JUPYTER_DATA_DIR: at('data'),
      JUPYTER_RUNTIME_DIR: at('runtime'),
      IPYTHONDIR: at('ipython'),
      XDG_RUNTIME_DIR: at('run'),
      XDG_STATE_HOME: at('state'),
      SATURN_HOME: this.sessions,
      SATURN_CACHE: at('cache')
    };
  }

  /** Puts a copy of an example, edited, among the notebooks. */
  copyExample(name: string, edit: (text: string) => string): void {
    const text = readFileSync(join(repository, 'examples', name), 'utf8');
    writeFileSync(join(this.notebooks, name), edit(text));
  }

  /** Copies the logs and journals of all sessions to out/test, for whoever looks into a failure. */
  keepLogs(): void {
    for (const session of readdirSync(this.sessions)) {
      const to = join(reports, 'sessions', session);
      mkdirSync(to, { recursive: true });
      for (const file of readdirSync(join(this.sessions, session)).filter(name =>
        /\.(log|jsonl)$/.test(name)
      )) {
        cpSync(join(this.sessions, session, file), join(to, file));
      }
    }
  }

  /**
   * Waits until nothing that was started here is alive, then removes the folder. Agents are asked to end, which they would by
   * themselves half a minute after all others have; where `SATURN_IDLE_SECONDS` is set, that is waited for.
   *
   * @returns what had to be killed, which a test asserts to be nothing
   */
  async dispose(seconds = 60): Promise<string[]> {
    let left: string[] = [];
    if (this.env.SATURN_IDLE_SECONDS === undefined) {
      const agents = processesOf(this.folder).filter(({ command }) =>
        command.includes('jupyterlab_saturn.agent')
      );
      for (const { pid } of agents) {
        process.kill(pid, 'SIGTERM');
      }
    }
    try {
      await until('the processes of the test end', () => processesOf(this.folder).length === 0, seconds);
    } catch {
      const alive = processesOf(this.folder);
      left = alive.map(({ pid, command }) => `${pid} ${command}`);
      for (const { pid } of alive) {
        process.kill(pid, 'SIGKILL');
      }
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
    return left;
  }
}
