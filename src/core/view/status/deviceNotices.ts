import type { SessionState } from '../../wire/messages.js';
import type { ITaskFailure } from '../format/failures.js';
import { hasSeveralNodes } from './shownNodes.js';

/** What to know of the devices as they are, and of which node where there are several: GPUs left out, or in use by others, and why. */
export function deviceNotices(state: SessionState): ITaskFailure[] {
  const where = (node: string): string[] => (hasSeveralNodes(state) ? [node] : []);
  return (state.cluster?.nodes ?? []).flatMap(({ id, notices = [] }) =>
    notices.map(error => ({ where: where(id), error }))
  );
}
