import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Packages that a room may import, as named there; all others import none. */
const PACKAGES: Record<string, string[]> = {
  'core/wire': ['ajv'],
  'core/planner': ['highs'],
  engine: ['highs', 'zeromq', 'node:'],
  worker: ['highs'],
  lab: ['@jupyterlab/', '@jupyter-widgets/', '@lumino/', '@tanstack/', 'react', 'react/jsx-runtime', 'uplot'],
  '': ['@jupyterlab/']
};

const text = readFileSync('ARCHITECTURE.md', 'utf8');

/** Which rooms a room may import, besides itself, by the table of rooms. */
const ROOMS = new Map([
  ...[...text.matchAll(/^\| `src\/(\S+)` \|.*\| ([^|]+) \|$/gm)].map(
    ([, room, names]) => [room!, names === '–' ? [] : names!.split(', ').map(pathOf)] as const
  ),
  ['', ['lab']] as const
]);

/**
 * What lies within a large room, by the lines that say so: level by level, the upper ones first. What is in a level
 * may import what is in lower ones only.
 */
const LEVELS = new Map(
  [...text.matchAll(/^src\/(\S+)((?: +[\w ]+>)+ [\w ]+)$/gm)].map(([, room, levels]) => [
    room!,
    new Map(levels!.split('>').flatMap((level, index) => words(level).map(name => [name, index] as const)))
  ])
);

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter(file => /\.tsx?$/.test(file) && !file.endsWith('.d.ts'))
  .map(file => normalize(file));

function words(line: string): string[] {
  return line.trim().split(/ +/);
}

function pathOf(name: string): string {
  return ['wire', 'model', 'profiling', 'planner', 'search', 'session', 'view'].includes(name)
    ? `core/${name}`
    : name;
}

function roomOf(file: string): string {
  const parts = dirname(file) === '.' ? [] : dirname(file).split('/');
  return parts[0] === 'core' ? parts.slice(0, 2).join('/') : (parts[0] ?? '');
}

/** The folder, or the file without its ending, directly in a room. */
function partOf(file: string, room: string): string {
  return relative(room, file)
    .split('/')[0]!
    .replace(/\.\w+$/, '');
}

function importsOf(file: string): string[] {
  const source = readFileSync(join('src', file), 'utf8');
  return [...source.matchAll(/(?:from|import|import\()\s*'([^']+)'/g)].map(match => match[1]!);
}

/** Files of which each imports the next, and the last the first; none when there are no such. */
function circle(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const walk = (file: string, way: readonly string[]): string[] => {
    if (way.includes(file)) {
      return [...way.slice(way.indexOf(file)), file];
    }
    if (done.has(file)) {
      return [];
    }
    done.add(file);
    for (const next of imports.get(file) ?? []) {
      const found = walk(next, [...way, file]);
      if (found.length > 0) {
        return found;
      }
    }
    return [];
  };
  return [...imports.keys()].map(file => walk(file, [])).find(found => found.length > 0) ?? [];
}

it('no file imports itself, by way of others', () => {
  const known = new Set(sources);
  const targets = (file: string): string[] =>
    importsOf(file)
      .filter(name => name.startsWith('.'))
      .map(name => normalize(join(dirname(file), name)).replace(/\.js$/, ''))
      .flatMap(name => [`${name}.ts`, `${name}.tsx`].filter(one => known.has(one)));
  expect(circle(new Map(sources.map(file => [file, targets(file)])))).toEqual([]);
});

describe('every file imports only what its room may', () => {
  it.each(sources)('%s', file => {
    const room = roomOf(file);
    const allowed = ROOMS.get(room);
    expect(allowed, `src/${room} is no known room`).toBeDefined();
    for (const name of importsOf(file)) {
      if (name.startsWith('.')) {
        const target = roomOf(relative('src', join('src', dirname(file), name)));
        const known = target === room || allowed!.some(r => target === r || target.startsWith(`${r}/`));
        expect(known, `src/${file} imports ${name}`).toBe(true);
      } else {
        const packages = PACKAGES[room] ?? [];
        const known = packages.some(p => name === p || (/[/:]$/.test(p) && name.startsWith(p)));
        expect(known, `src/${file} imports ${name}`).toBe(true);
      }
    }
  });
});

describe('within a large room, imports lead down only', () => {
  it('says so of those that have levels', () => {
    expect([...LEVELS.keys()]).toEqual(['core/model', 'core/planner', 'core/view', 'lab']);
  });

  it.each([...LEVELS])('src/%s', (room, levels) => {
    const files = sources.filter(file => file.startsWith(`${room}/`));
    expect(new Set(files.map(file => partOf(file, room)))).toEqual(new Set(levels.keys()));
    for (const file of files) {
      const part = partOf(file, room);
      for (const name of importsOf(file)) {
        const target = join(dirname(file), name);
        if (name.startsWith('.') && target.startsWith(`${room}/`) && partOf(target, room) !== part) {
          const isBelow = levels.get(partOf(target, room))! > levels.get(part)!;
          expect(isBelow, `src/${file} imports ${name}`).toBe(true);
        }
      }
    }
  });
});
