import type { Failure, NodeVersions } from '../../core/wire/messages.js';

/** What nodes of a session must have alike: what each is called, and how much of its version counts. */
const ALIKE: readonly [keyof NodeVersions, string, (version: string) => string][] = [
  ['package', 'jupyterlab_saturn', version => version],
  // Code travels as it was compiled, which the next minor version may not read.
  ['python', 'Python', version => version.split('.', 2).join('.')],
  // A node with GPUs has another build of the same version.
  ['torch', 'PyTorch', version => version.split('+', 1).join()]
];

/**
 * Why a node cannot take part in a session: it has other software than the session's own node. Undefined when it can, and
 * as long as the session's own is not known.
 *
 * @param node - its id.
 * @param own - of the session's own node.
 */
export function unlikeVersions(
  node: string,
  versions: NodeVersions | undefined,
  own: NodeVersions | undefined
): Failure | undefined {
  if (!own) {
    return undefined;
  }
  const unlike = ALIKE.filter(
    ([key, , counts]) => counted(versions, key, counts) !== counted(own, key, counts)
  );
  if (unlike.length === 0) {
    return undefined;
  }
  const told = (of: NodeVersions | undefined): string =>
    unlike
      .map(([key, name]) => (of?.[key] === undefined ? `no ${name}` : `${name} ${of[key]}`))
      .join(' and ');
  return {
    code: 'other-versions',
    message: `The node ${node} has ${told(versions)}, but the session's own node has ${told(own)}.`,
    hint: 'Install the same versions on all nodes, best in the same place.'
  };
}

function counted(
  versions: NodeVersions | undefined,
  key: keyof NodeVersions,
  counts: (version: string) => string
): string | undefined {
  const version = versions?.[key];
  return version === undefined ? undefined : counts(version);
}
