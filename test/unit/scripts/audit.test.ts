import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const { asked, LOCKED, readNpm, readPip, said, verdict } = await import(resolve('scripts/audit.mjs'));

const NPM = JSON.stringify({
  vulnerabilities: {
    lib: { via: [{ url: 'https://github.com/advisories/GHSA-1', name: 'lib', title: 'It leaks' }] },
    user: { via: ['lib'] }
  }
});
const PIP = JSON.stringify({
  dependencies: [
    { name: 'own', skip_reason: 'not on the index' },
    { name: 'lib', version: '1.0', vulns: [{ id: 'PYSEC-1', description: 'It leaks.\nMore.' }] },
    { name: 'sound', version: '2.0', vulns: [] }
  ]
});

describe('an audit', () => {
  it('asks no longer than it has patience, and takes no other words for an answer', () => {
    const wait = 'setTimeout(() => undefined, 600000)';
    expect(said(process.execPath, ['-e', wait], 100)).toEqual({ untold: 'no answer in 0.1 seconds' });
    const print = (text: string): string[] => ['-e', `process.stdout.write(${JSON.stringify(text)})`];
    expect(said(process.execPath, print('{}'))).toEqual({ text: '{}' });
    expect(said(process.execPath, print('nothing')).text).toBeUndefined();
  });

  it('fails for a weakness that nobody has explained, and tells it', () => {
    for (const [found, id] of [
      [readNpm(NPM), 'GHSA-1'],
      [readPip(PIP), 'PYSEC-1']
    ] as const) {
      const { failed, output } = verdict('registry', found, {});
      expect(failed).toBe(1);
      expect(output).toContain(id);
      expect(output).toContain('It leaks');
    }
  });

  it('passes where it is explained, or there is none', () => {
    const why = 'It is never called.';
    const told = verdict('npm', readNpm(NPM), { 'GHSA-1': why });
    expect(told).toMatchObject({ passed: 1, failed: 0, skipped: 0 });
    expect(told.output).toContain(why);
    const none = readNpm(JSON.stringify({ vulnerabilities: {} }));
    expect(verdict('npm', none, {})).toMatchObject({ passed: 1, failed: 0 });
  });

  it('is no test where the registry does not tell', () => {
    const npm = readNpm(JSON.stringify({ message: '405 Method Not Allowed' }));
    const pip = readPip(JSON.stringify({ dependencies: [{ name: 'a', skip_reason: 'not found' }] }));
    for (const untold of [npm, pip]) {
      expect(verdict('registry', untold, {})).toMatchObject({ passed: 0, failed: 0, skipped: 1 });
    }
  });
});

it('asks pip of all that is locked, and of PyTorch', () => {
  const folder = mkdtempSync(join(tmpdir(), 'saturn-audit-'));
  const files: string[] = asked(folder).map(([, args]: [string, string[]]) => args.at(-1));
  const torch = readFileSync(files.at(-1) ?? '', 'utf8');
  rmSync(folder, { recursive: true });
  const locks = readdirSync('.').map(name => resolve(name, 'requirements.lock'));
  expect(files.slice(0, -1).sort()).toEqual(locks.filter(existsSync).sort());
  expect(torch).toMatch(/^torch==\S+\n$/);
});

describe.each<string>(LOCKED)('the lock of %s', folder => {
  const read = (name: string) => readFileSync(`${folder}/${name}`, 'utf8');
  const pins = (text: string) => text.match(/^[A-Za-z0-9._-]+==[^\s\\]+/gm) ?? [];
  /** Names as PEP 503 has them. */
  const plain = (found: readonly string[]) =>
    found
      .map(pin => pin.split('=='))
      .map(([name, version]) => `${name?.toLowerCase().replaceAll(/[._]/g, '-')}==${version}`)
      .sort();

  it('has all that is wanted but torch, each with its hashes', () => {
    const wanted = pins(read('requirements.in')).filter(pin => !pin.startsWith('torch=='));
    const lock = read('requirements.lock');
    expect(wanted.length).toBeGreaterThan(10);
    expect(plain(pins(lock))).toEqual(plain(wanted));
    for (const entry of lock.split(/^(?=[A-Za-z0-9])/m).slice(1)) {
      expect(entry).toMatch(/--hash=sha256:[0-9a-f]{64}/);
    }
  });
});
