import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plan, ProfileCell } from '../../../src/core/wire/messages.js';
import { CLUSTERS, type ClusterName, instance, WORKLOADS, type WorkloadName } from './instances.js';
import { readable } from './json.js';
import { cellsOf, SHAPES } from './profiles.js';

/** Where the instances, profiles and answers are kept. */
export const FOLDER = 'examples/spase-bench';

/** Every setting, with the name of its files. */
export const SETTINGS: { name: string; workload: WorkloadName; cluster: ClusterName }[] = WORKLOADS.flatMap(
  workload =>
    (Object.keys(CLUSTERS) as ClusterName[]).map(cluster => ({
      name: `${workload}-${cluster}`,
      workload,
      cluster
    }))
);

/** The files that follow from the code, by path within the folder. */
export function generatedFiles(): Map<string, string> {
  const files = new Map<string, string>();
  for (const { name, workload, cluster } of SETTINGS) {
    files.set(`${name}.request.json`, `${readable(instance(workload, cluster))}\n`);
  }
  for (const workload of WORKLOADS) {
    const cells: ProfileCell[] = SHAPES[workload].flatMap(cellsOf);
    files.set(`${workload}.profile.json`, `${readable(cells)}\n`);
  }
  return files;
}

/** The name of the file with the best plan known. */
export function answerFile(name: string): string {
  return `${name}.plan.json`;
}

/** Write files below a folder. */
export function write(folder: string, files: Map<string, string>): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of files) {
    writeFileSync(join(folder, name), text);
  }
}

/** A plan as a file. */
export function planText(plan: Plan): string {
  return `${readable(plan)}\n`;
}
