import type { SessionState } from '../../wire/messages.js';
import { count, plural } from '../format/format.js';
import { countEntries, entriesOf, type IProfileMatrix, isRecalled } from './profileMatrix.js';

/** How much of the profile is measured, and why that is enough: `14 of 96 strategies measured; ...`. */
export function profileSentence(state: SessionState, matrix: IProfileMatrix): string {
  const recalled = entriesOf(matrix).filter(isRecalled).length;
  const open = countEntries(matrix, 'open', 'interpolated');
  const known = countEntries(matrix, 'measured', 'oom', 'failed');
  const left = countEntries(matrix, 'running', 'queued');
  const pruned = countEntries(matrix, 'pruned');
  const facts = [
    `${count(known)} of ${plural(known + open + left + pruned, 'strategy', 'strategies')} measured`,
    ...(recalled > 0 ? [`${recalled === known ? 'all' : count(recalled)} of them in earlier sessions`] : []),
    ...(left > 0 ? [`${count(left)} to come`] : [])
  ].join(', ');
  if (state.probing === true) {
    return `${facts}; looking which other could change the plan.`;
  }
  return open > 0 && left === 0 && state.profiled === true
    ? `${facts}; the others cannot change the plan.`
    : `${facts}.`;
}
