import type { ITranslation } from '../../model/translation.js';
import type { SessionState } from '../../wire/messages.js';
import { type Blocks, failuresBlock, lead, remarksBlock, sentence, tableBlock } from '../display/block.js';
import { noTasks, nothingMeasured } from '../display/emptyStates.js';
import { profileMatrix } from './profileMatrix.js';
import { profileFailures, profileReasons } from './profileReasons.js';
import { profileSentence } from './profileSentence.js';
import { profileLegend, profileTable } from './profileTable.js';

/** How long a step takes and how much memory it needs: for tasks of equal speed, techniques by device counts. */
export function profileView(state: SessionState, trans: ITranslation): Blocks {
  if (state.tasks.length === 0) {
    return [lead(noTasks(trans))];
  }
  const matrix = profileMatrix(state);
  const isBegun = state.cells.length > 0 || state.trials.length > 0;
  const legend = profileLegend(matrix, trans);
  return [
    ...(isBegun ? [lead(profileSentence(state, matrix, trans))] : nothingMeasured(trans)),
    matrix.devices.length > 0 && tableBlock(profileTable(matrix, state.profiled === true, trans)),
    legend !== '' && sentence(legend, 'muted'),
    remarksBlock(trans.__('Why not'), profileReasons(matrix, trans)),
    failuresBlock(profileFailures(state, matrix, trans))
  ];
}
