import type { ITranslation } from '../../model/translation.js';
import type { SessionState } from '../../wire/messages.js';
import { count } from '../format/format.js';
import { countEntries, entriesOf, type IProfileMatrix, isRecalled } from './profileMatrix.js';

/** How much of the profile is measured, and why that is enough: `14 of 96 strategies measured; ...`. */
export function profileSentence(state: SessionState, matrix: IProfileMatrix, trans: ITranslation): string {
  const recalled = entriesOf(matrix).filter(isRecalled).length;
  const open = countEntries(matrix, 'open', 'interpolated');
  const known = countEntries(matrix, 'measured', 'oom', 'failed');
  const left = countEntries(matrix, 'running', 'queued');
  const pruned = countEntries(matrix, 'pruned');
  const all = known + open + left + pruned;
  const facts = [
    trans._n('%2 of %3 strategy measured', '%2 of %3 strategies measured', all, count(known), count(all)),
    ...(recalled === 0
      ? []
      : recalled === known
        ? [trans.__('all of them in earlier sessions')]
        : [trans.__('%1 of them in earlier sessions', count(recalled))]),
    ...(left > 0 ? [trans.__('%1 to come', count(left))] : [])
  ].join(', ');
  if (state.probing === true) {
    return trans.__('%1; looking which other could change the plan.', facts);
  }
  return open > 0 && left === 0 && state.profiled === true
    ? trans.__('%1; the others cannot change the plan.', facts)
    : trans.__('%1.', facts);
}
