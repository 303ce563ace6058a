import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const PLACES = [
  'package.json',
  'package-lock.json',
  'python-shim/pyproject.toml',
  'python-shim/jupyterlab_saturn/__init__.py',
  'CITATION.cff'
];
const VERSION: string = JSON.parse(readFileSync('package.json', 'utf8')).version;

/** A copy of what the script reads, which has a release in its changelog. */
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'saturn-release-'));
  for (const path of [...PLACES, 'scripts']) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(path, join(folder, path), { recursive: true });
  }
  writeFileSync(
    join(folder, 'CHANGELOG.md'),
    `# Changelog\n\n## Unreleased\n\n## ${VERSION} - 2026-01-02\n\n### Added\n\n- All.\n\n## 0.0.1\n\n- Little.\n`
  );
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function release(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(folder, 'scripts', 'release.mjs'), ...args],
    { encoding: 'utf8' }
  );
  return { status, said: (stdout + stderr).trim() };
}

describe('a release', () => {
  it('has one version, wherever that is said', () => {
    expect(release('check', `v${VERSION}`)).toEqual({ status: 0, said: `All say ${VERSION}.` });
  });

  it.each(PLACES)('is refused when %s says another', path => {
    const text = readFileSync(join(folder, path), 'utf8');
    writeFileSync(join(folder, path), text.replace(VERSION, '9.9.9'));
    expect(release('check', `v${VERSION}`)).toEqual({
      status: 1,
      said: `The tag is v${VERSION}, but ${path} says 9.9.9.`
    });
  });

  it('is refused without a section in the changelog, or with a tag that is none', () => {
    writeFileSync(join(folder, 'CHANGELOG.md'), '# Changelog\n\n## Unreleased\n');
    expect(release('check', `v${VERSION}`).said).toBe(`CHANGELOG.md has no section "## ${VERSION}".`);
    expect(release('check', VERSION).said).toBe(`A tag is like v1.2.3 or v1.2.3rc1, not ${VERSION}.`);
  });

  it('is told of by its section of the changelog', () => {
    expect(release('notes', `v${VERSION}`)).toEqual({ status: 0, said: '### Added\n\n- All.' });
    expect(release('notes', 'v0.0.1').said).toBe('- Little.');
  });
});
