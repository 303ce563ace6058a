import type { TaskClone } from '../wire/messages.js';

/** Names that are longer are cut. */
const NAME_LENGTH = 100;

/**
 * The name of a clone that is given none, made of its edits: `mlp-8-lr=0.01-seed=1-from-400`.
 *
 * @param keptStep - the step of the checkpoint that it begins with, if it begins with one.
 */
export function cloneName(
  { task, params, epochs, steps, seed, weights, step }: TaskClone,
  keptStep?: number | string
): string {
  const lengths = { epochs, steps, seed };
  const edits = [...Object.entries(params), ...Object.entries(lengths).filter(([, v]) => v !== undefined)];
  const begun =
    keptStep !== undefined ? [`from-${keptStep}`] : weights === 'start' || step === 0 ? ['from-start'] : [];
  const words = [task, ...edits.map(([name, value]) => `${name}=${value}`), ...begun];
  return words
    .join('-')
    .replace(/[^A-Za-z0-9._+=-]/g, '_')
    .slice(0, NAME_LENGTH);
}
