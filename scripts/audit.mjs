/**
 * `npm run audit`, and by night a suite: known weaknesses of what development and users install, as the registries tell
 * them. One that is explained in scripts/advisories.json (`{ "id": "why it does no harm here" }`) is none.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './root.mjs';
import { main } from './step.mjs';
import { tool } from './tools.mjs';

/** Folders with a requirements.lock. */
export const LOCKED = ['python-shim', 'docs', 'scripts'];

const explained = JSON.parse(readFileSync(join(root, 'scripts', 'advisories.json'), 'utf8'));

/** What `npm audit --json` has said: `{ found: [{ id, of, what }] }`, or `{ untold: why }` where it asked in vain. */
export function readNpm(text) {
  const { vulnerabilities, message } = JSON.parse(text);
  if (vulnerabilities === undefined) {
    return { untold: message ?? 'npm audit said nothing' };
  }
  const advisories = Object.values(vulnerabilities).flatMap(({ via }) => via.filter(one => one.url));
  return {
    found: advisories.map(({ url, name, title }) => ({ id: url.split('/').at(-1), of: name, what: title }))
  };
}

/** What `pip-audit --format json` has said, as {@link readNpm} tells it. */
export function readPip(text) {
  const { dependencies } = JSON.parse(text);
  const asked = dependencies.filter(one => one.skip_reason === undefined);
  if (asked.length === 0) {
    return { untold: dependencies[0]?.skip_reason ?? 'pip-audit knows no package' };
  }
  const found = asked.flatMap(({ name, version, vulns }) =>
    vulns.map(({ id, description }) => ({ id, of: `${name} ${version}`, what: description.split('\n')[0] }))
  );
  return { found };
}

/** How a registry's word counts, as a test does: `{ passed, failed, skipped, output }`. */
export function verdict(name, { found, untold }, explained) {
  const result = { passed: 0, failed: 0, skipped: 0 };
  if (untold !== undefined) {
    return { ...result, skipped: 1, output: `${name}: not told, ${untold}\n` };
  }
  const told = [...new Map(found.map(one => [one.id, one])).values()];
  const open = told.filter(({ id }) => explained[id] === undefined);
  const lines = told.map(
    ({ id, of, what }) => `${name}: ${id} of ${of}: ${what} ${explained[id] ?? 'UNEXPLAINED'}\n`
  );
  const output = lines.length > 0 ? lines.join('') : `${name}: nothing is known\n`;
  return { ...result, [open.length > 0 ? 'failed' : 'passed']: 1, output };
}

/** A registry that says nothing for so long, in milliseconds, does not tell. */
const PATIENCE = 180_000;

/** What a program prints: `{ text }`, or `{ untold: why }` where that is no answer or takes too long. */
export function said(command, args, timeout = PATIENCE) {
  const { stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: 'utf8', timeout });
  return error
    ? { untold: error.code === 'ETIMEDOUT' ? `no answer in ${timeout / 1000} seconds` : error.message }
    : stdout.startsWith('{')
      ? { text: stdout }
      : { untold: stderr.trim() };
}

const read = (reader, { text, untold }) => (text === undefined ? { untold } : reader(text));

/** What pip is asked about: each lock file, and PyTorch, which no lock has and only its version is known of. */
export function asked(folder) {
  const torch = join(folder, 'torch.txt');
  const wanted = readFileSync(join(root, 'python-shim', 'requirements.in'), 'utf8');
  writeFileSync(torch, wanted.match(/^torch==\S+\n/m)?.[0] ?? '');
  const locks = LOCKED.map(name => [name, ['--require-hashes', '-r', join(root, name, 'requirements.lock')]]);
  return [...locks, ['torch', ['--no-deps', '-r', torch]]];
}

async function askPip() {
  const folder = mkdtempSync(join(tmpdir(), 'saturn-audit-'));
  const options = ['--disable-pip', '--progress-spinner', 'off', '--format', 'json'];
  try {
    const program = await tool('pip-audit');
    return asked(folder).map(([name, of]) =>
      verdict(`pip, ${name}`, read(readPip, said(program, [...of, ...options])), explained)
    );
  } catch (error) {
    return [verdict('pip', { untold: error.message }, explained)];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Asks both registries. */
export async function audit() {
  const npm = verdict('npm', read(readNpm, said('npm', ['audit', '--json'])), explained);
  const results = [npm, ...(await askPip())];
  const sum = key => results.reduce((all, one) => all + one[key], 0);
  return {
    passed: sum('passed'),
    failed: sum('failed'),
    skipped: sum('skipped'),
    output: results.map(one => one.output).join('')
  };
}

if (process.argv[1] === import.meta.filename) {
  await main(async () => {
    const { failed, output } = await audit();
    process.stdout.write(output);
    process.exitCode = failed > 0 ? 1 : 0;
  });
}
