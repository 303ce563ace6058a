import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** The only folder on the PATH of the set-up under test. */
let bin: string;

beforeEach(() => {
  bin = mkdtempSync(join(tmpdir(), 'saturn-bin-'));
});

afterEach(() => {
  rmSync(bin, { recursive: true });
});

function program(name: string, says: string): void {
  const path = join(bin, name);
  writeFileSync(path, `#!/bin/sh\necho '${says}'\n`);
  chmodSync(path, 0o755);
}

/** Runs the set-up on a machine that lacks something, so that it ends before it does anything. */
function setup(env: Record<string, string> = {}) {
  const { status, stderr } = spawnSync(process.execPath, [join('scripts', 'setup.mjs')], {
    encoding: 'utf8',
    env: { PATH: bin, ...env }
  });
  return { status, sentence: stderr.trim() };
}

describe('the set-up says what is missing', () => {
  it('git', () => {
    expect(setup()).toEqual({
      status: 1,
      sentence: 'git is missing. Install it, e.g. with: apt-get install git'
    });
  });

  it('any Python', () => {
    program('git', 'git version 2');
    const { status, sentence } = setup();
    expect(status).toBe(1);
    expect(sentence).toContain('Python 3.11 or newer with venv is needed; no python3 was found.');
    expect(sentence).toContain('apt-get install python3 python3-venv');
  });

  it('a Python that is new enough, with venv', () => {
    program('git', 'git version 2');
    program('python3', '3 9 True');
    program('python3.12', '3 12 False');
    const { status, sentence } = setup();
    expect(status).toBe(1);
    expect(sentence).toContain('python3 is 3.9, python3.12 3.12 lacks venv');
  });

  it('the Python that PYTHON names', () => {
    program('git', 'git version 2');
    program('python3.12', '3 12 True');
    const { status, sentence } = setup({ PYTHON: join(bin, 'nothing') });
    expect(status).toBe(1);
    expect(sentence).toContain('nothing, named by PYTHON, does not run');
  });
});
