import type { TaskSpec } from '../wire/messages.js';

/** Makes a fingerprint of a text: 32 hexadecimal digits. */
export type Digest = (text: string) => string;

/**
 * The spec of a task that is another one but for its edits, so that it is equal to nothing but what is made of the same by
 * the same edits.
 *
 * @param identity - tells these edits from all others.
 */
export function derivedSpec(
  { hash, trainingHash, ...same }: TaskSpec,
  edits: Pick<TaskSpec, 'name' | 'params'> & Partial<TaskSpec>,
  identity: string,
  digest: Digest
): TaskSpec {
  return {
    ...same,
    ...edits,
    hash: digest(`${hash} ${identity}`),
    ...(trainingHash === undefined ? {} : { trainingHash: digest(`${trainingHash} ${identity}`) })
  };
}
