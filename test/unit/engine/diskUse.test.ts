import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { DiskMeter, measureDisk } from '../../../src/engine/diskUse.js';

const BLOCK = 64 * 1024;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'saturn-disk-'));
  mkdirSync(join(folder, 'tasks'));
  mkdirSync(join(folder, 'archive'));
});

afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string): void {
  writeFileSync(join(folder, name), Buffer.alloc(BLOCK, 1));
}

it('counts what is there once, whatever names it has, and tells what was taken out', async () => {
  write('tasks/model.pt');
  linkSync(join(folder, 'tasks/model.pt'), join(folder, 'weights.pt'));
  expect(await measureDisk(folder)).toMatchObject({ bytes: BLOCK, archivedBytes: 0 });
  write('archive/old.pt');
  const use = await measureDisk(folder);
  expect(use).toMatchObject({ bytes: 2 * BLOCK, archivedBytes: BLOCK });
  expect(use?.freeBytes).toBeGreaterThan(0);
});

it('looks once for many changes, and says what is new', async () => {
  const onChange = vi.fn();
  const meter = new DiskMeter({ folder, delay: 20, onChange });
  expect(meter.use).toBeUndefined();
  write('tasks/a');
  meter.changed();
  write('tasks/b');
  meter.changed();
  await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(1));
  expect(meter.use?.bytes).toBe(2 * BLOCK);
  meter.dispose();
});
