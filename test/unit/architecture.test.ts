import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Which rooms a room may import, besides itself; npm packages are named as imported. */
const ROOMS: Record<string, { rooms: string[]; packages: string[] }> = {
  'core/wire': { rooms: ['core/model'], packages: ['ajv'] },
  'core/model': { rooms: ['core/wire'], packages: [] },
  'core/profiling': { rooms: ['core/wire', 'core/model'], packages: [] },
  'core/planner': { rooms: ['core/wire', 'core/model'], packages: ['highs'] },
  'core/simulation': { rooms: ['core/wire', 'core/model', 'core/planner'], packages: [] },
  'core/session': { rooms: ['core/wire', 'core/model', 'core/profiling'], packages: [] },
  'core/view': { rooms: ['core/wire', 'core/model', 'core/session'], packages: [] },
  engine: { rooms: ['core'], packages: ['highs', 'zeromq', 'node:'] },
  worker: { rooms: ['core'], packages: ['highs'] },
  lab: {
    rooms: ['core', 'worker'],
    packages: ['@jupyterlab/', '@jupyter-widgets/', '@lumino/', 'react', 'react/jsx-runtime']
  },
  '': { rooms: ['lab'], packages: ['@jupyterlab/'] }
};

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter(file => /\.tsx?$/.test(file) && !file.endsWith('.d.ts'))
  .map(file => normalize(file));

function roomOf(file: string): string {
  const parts = dirname(file) === '.' ? [] : dirname(file).split('/');
  return parts[0] === 'core' ? parts.slice(0, 2).join('/') : (parts[0] ?? '');
}

function importsOf(file: string): string[] {
  const text = readFileSync(join('src', file), 'utf8');
  return [...text.matchAll(/(?:from|import|import\()\s*'([^']+)'/g)].map(match => match[1]!);
}

describe('every file imports only what its room may', () => {
  it.each(sources)('%s', file => {
    const room = roomOf(file);
    const allowed = ROOMS[room];
    expect(allowed, `src/${room} is no known room`).toBeDefined();
    for (const name of importsOf(file)) {
      if (name.startsWith('.')) {
        const target = roomOf(relative('src', join('src', dirname(file), name)));
        const known = target === room || allowed!.rooms.some(r => target === r || target.startsWith(`${r}/`));
        expect(known, `src/${file} imports ${name}`).toBe(true);
      } else {
        const known = allowed!.packages.some(p => name === p || (/[/:]$/.test(p) && name.startsWith(p)));
        expect(known, `src/${file} imports ${name}`).toBe(true);
      }
    }
  });
});
