import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { repository, Sandbox } from './sandbox.js';

const venv = join(repository, '.venv');
const sandbox = new Sandbox();
/** The clean environment, which the wheel goes into. */
const clean = join(sandbox.folder, 'clean');
const python = join(clean, 'bin', 'python');

/** Nothing but the environment's own programs on the PATH: no Node.js, no npm, and no way out. */
const env = {
  ...sandbox.env,
  PATH: join(clean, 'bin'),
  SATURN_IDLE_SECONDS: '5',
  PIP_NO_INDEX: '1',
  http_proxy: 'http://127.0.0.1:9',
  https_proxy: 'http://127.0.0.1:9'
};

function run(
  command: string,
  args: string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}
): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], ...options });
}

const code = (id: string, source: string) => ({
  cell_type: 'code',
  id,
  metadata: {},
  execution_count: null,
  outputs: [] as { data?: Record<string, string | string[]> }[],
  source
});

const factory = `%%saturn task --sweep lr=1e-1,1e-2 --steps 4
def line(lr):
    import torch
    from functools import partial
    from jupyterlab_saturn import Task
    x = torch.linspace(-1, 1, 32).unsqueeze(1)
    data = torch.utils.data.TensorDataset(x, 3 * x + 1)
    return Task(
        model=torch.nn.Linear(1, 1),
        data=data,
        loss=torch.nn.functional.mse_loss,
        optimizer=partial(torch.optim.SGD, lr=lr),
        batch_size=8,
    )`;

const notebook = {
  cells: [
    code('load', '%load_ext jupyterlab_saturn'),
    code('cluster', '%saturn cluster --cpu 1'),
    code('task', factory),
    code('run', '%saturn run'),
    code('wait', '%saturn wait'),
    code('results', '%saturn results')
  ],
  metadata: { kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' } },
  nbformat: 4,
  nbformat_minor: 5
};

beforeAll(() => {
  const dist = join(sandbox.folder, 'dist');
  run(process.execPath, [join(repository, 'scripts', 'wheel.mjs'), dist]);
  const [wheel] = readdirSync(dist);
  run(join(venv, 'bin', 'python'), ['-m', 'venv', '--without-pip', clean]);
  run(join(venv, 'bin', 'python'), [
    '-m',
    'pip',
    ...['--python', python, 'install', '--no-deps', '--no-index', '--quiet', join(dist, wheel!)]
  ]);
  // What the wheel depends on is far too big to install again: it is lent by .venv. Its own .pth
  // files, such as the one of the editable install, do not count here.
  const purelib = (of: string) =>
    run(of, ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"))']).trim();
  writeFileSync(join(purelib(python), 'lent.pth'), `${purelib(join(venv, 'bin', 'python'))}\n`);
});

afterAll(async () => {
  expect(await sandbox.dispose()).toEqual([]);
});

test('the wheel brings package, engine, schema and extension', () => {
  const where = run(python, ['-c', 'import jupyterlab_saturn as s; print(s.__path__[0])'], { env }).trim();
  expect(where.startsWith(clean)).toBe(true);
  for (const file of [
    'py.typed',
    'generated/schema.json',
    'engine/engine.mjs',
    'engine/planner.mjs',
    'engine/highs.wasm',
    'engine/node_modules/zeromq/lib/index.js'
  ]) {
    expect(existsSync(join(where, file)), file).toBe(true);
  }
  expect(existsSync(join(where, 'labextension'))).toBe(false);
  const share = join(clean, 'share', 'jupyter', 'labextensions', 'jupyterlab-saturn');
  const { jupyterlab } = JSON.parse(readFileSync(join(share, 'package.json'), 'utf8'));
  expect(existsSync(join(share, jupyterlab._build.load))).toBe(true);
  const config = join(clean, 'etc', 'jupyter', 'jupyter_server_config.d', 'jupyterlab_saturn.json');
  expect(JSON.parse(readFileSync(config, 'utf8')).ServerApp.jpserver_extensions).toEqual({
    jupyterlab_saturn: true
  });
  expect(JSON.parse(readFileSync(join(share, 'install.json'), 'utf8')).packageName).toBe('jupyterlab_saturn');
});

test('a sweep runs from it without npm, Node.js on the PATH, or a network', () => {
  const path = join(sandbox.notebooks, 'line.ipynb');
  writeFileSync(path, JSON.stringify(notebook));
  run(python, ['-m', 'nbconvert', '--to', 'notebook', '--execute', '--inplace', path], {
    cwd: sandbox.notebooks,
    env
  });
  const executed: typeof notebook = JSON.parse(readFileSync(path, 'utf8'));
  const shown = executed.cells.at(-1)!.outputs.flatMap(output => output.data?.['text/plain'] ?? []);
  const text = shown.join('');
  expect(text).toContain('line-1e-1');
  expect(text).toContain('line-1e-2');
  for (const task of ['line-1e-1', 'line-1e-2']) {
    expect(existsSync(join(sandbox.sessions, 'default', 'tasks', task, 'model.pt')), task).toBe(true);
  }
});
