import type { Node, PlanRequest, PlanTask } from '../../../src/core/wire/messages.js';
import { type IShape, optionsOf, SHAPES, signatureOf } from './profiles.js';

/** The paper's clusters: GPUs of each node. */
export const CLUSTERS = {
  '8': [8],
  '2x8': [8, 8],
  '8+4': [8, 4],
  '4x8': [8, 8, 8, 8],
  '2+2+4+8': [2, 2, 4, 8]
} as const;

export type ClusterName = keyof typeof CLUSTERS;
export type WorkloadName = keyof typeof SHAPES;

export const WORKLOADS: WorkloadName[] = ['txt', 'img'];

/** The paper's learning rates (table 3); they make twelve tasks of four models. */
const RATES = ['1e-5', '1e-4', '3e-3'];

/** One of the paper's settings as a planning question. */
export function instance(workload: WorkloadName, cluster: ClusterName): PlanRequest {
  return {
    cluster: { nodes: CLUSTERS[cluster].map(gpuNode) },
    tasks: SHAPES[workload].flatMap(shape => RATES.map(rate => task(shape, rate))),
    seed: 1,
    budget: { seconds: 10 }
  };
}

/** The signature of a task of an instance. */
export function signatureOfTask({ name }: PlanTask): string {
  return name.slice(0, name.lastIndexOf('-lr'));
}

function task(shape: IShape, rate: string): PlanTask {
  return { name: `${signatureOf(shape)}-lr${rate}`, steps: shape.steps, options: optionsOf(shape) };
}

function gpuNode(size: number, index: number): Node {
  return {
    id: `node${index}`,
    devices: Array.from({ length: size }, (_, i) => ({
      id: `cuda${i}`,
      kind: 'cuda' as const,
      name: 'NVIDIA A100 40GB',
      memoryBytes: 40 * 2 ** 30
    }))
  };
}
