/** Fingerprints of files, so that nothing is made twice from the same inputs. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { root } from './root.mjs';

const skipped = new Set(['__pycache__', '.ipynb_checkpoints']);

/** All files beneath a path, sorted, without what tools leave behind. */
export function filesOf(path) {
  if (!existsSync(path)) {
    return [];
  }
  if (!statSync(path).isDirectory()) {
    return [path];
  }
  return readdirSync(path)
    .filter(name => !skipped.has(name))
    .sort()
    .flatMap(name => filesOf(join(path, name)));
}

/** One hash over files and folders (given as paths) and plain values (given as objects). */
export function digest(inputs) {
  const hash = createHash('sha256');
  for (const input of inputs) {
    if (typeof input === 'object') {
      hash.update(JSON.stringify(input));
      continue;
    }
    for (const file of filesOf(input)) {
      hash
        .update(`${relative(root, file)}\0`)
        .update(readFileSync(file))
        .update('\0');
    }
  }
  return hash.digest('hex');
}

/** The digest a stamp file remembers, or undefined. */
export const readStamp = path => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);

/** Makes a stamp file remember a digest. */
export function writeStamp(path, hash) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, hash);
}

/** Bytes beneath a path. */
export const sizeOf = path => filesOf(path).reduce((sum, file) => sum + statSync(file).size, 0);

/** Bytes as people read them. */
export const megabytes = bytes => `${(bytes / 1e6).toFixed(1)} MB`;
