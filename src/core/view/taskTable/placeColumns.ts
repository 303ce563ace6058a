import { strategyLabel } from '../../model/strategy.js';
import type { ITranslation } from '../../model/translation.js';
import { NOTHING } from '../format/format.js';
import { fusedWords } from '../format/fusedWords.js';
import type { ICell } from '../format/table.js';
import type { ITaskColumn } from './taskColumn.js';
import type { ITaskRow } from './taskRow.js';

/** How tasks are trained, or are to be by the plan. */
export function strategyColumn(trans: ITranslation): ITaskColumn {
  const labelOf = ({ task, planned }: ITaskRow): string | undefined => {
    const strategy = (task.next ?? task.attempts.at(-1))?.strategy ?? planned?.strategy;
    return strategy && strategyLabel(strategy);
  };
  return {
    id: 'strategy',
    label: trans.__('Strategy'),
    about: trans.__('How it is trained, or is to be by the plan'),
    isUsual: true,
    width: 14,
    value: labelOf,
    cell: row => {
      const others = row.task.attempts.length > 0 ? row.others : (row.planned?.others ?? 0);
      const note = fusedWords(others, trans);
      return { ...place(row, labelOf(row), trans), ...(note !== undefined && { note }) };
    }
  };
}

/** On which node they are, or were last. */
export function nodeColumn(trans: ITranslation): ITaskColumn {
  const nameOf = ({ task }: ITaskRow): string | undefined => (task.next ?? task.attempts.at(-1))?.node;
  return {
    id: 'node',
    label: trans.__('Node'),
    isUsual: false,
    width: 12,
    value: nameOf,
    cell: row => place(row, nameOf(row), trans)
  };
}

/** On which devices they are. */
export function devicesColumn(trans: ITranslation): ITaskColumn {
  const namesOf = ({ task, planned }: ITaskRow): string | undefined =>
    ((task.next ?? task.attempts.at(-1))?.devices ?? planned?.devices)?.join(', ');
  return {
    id: 'devices',
    label: trans.__('Devices'),
    isUsual: true,
    width: 12,
    value: namesOf,
    cell: row => place(row, namesOf(row), trans)
  };
}

function place({ task }: ITaskRow, words: string | undefined, trans: ITranslation): ICell {
  if (words === undefined) {
    return { text: NOTHING };
  }
  return task.attempts.length > 0
    ? { text: words }
    : { text: words, tone: 'muted', title: trans.__('as planned'), spoken: trans.__('(as planned)') };
}
