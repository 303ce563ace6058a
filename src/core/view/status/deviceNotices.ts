import type { Failure, SessionState } from '../../wire/messages.js';

/** What to know of the devices as they are: GPUs that are left out, or that others use, and why. */
export function deviceNotices({ cluster }: SessionState): Failure[] {
  return (cluster?.nodes ?? []).flatMap(node => node.notices ?? []);
}
