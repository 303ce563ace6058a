import type { ITranslation } from '../../model/translation.js';
import type { SessionEntry } from '../../wire/messages.js';
import { printable } from '../format/escape.js';
import { count, listing } from '../format/format.js';

/** So many notebooks are named. */
const NAMED = 2;

/** A session among others, in the words by which it is told from them. */
export interface ISessionEntryText {
  readonly name: string;
  /** The folder of its notebooks, and those that have used it, as far as known. */
  readonly place: string;
  /** What it does, and how far it is. */
  readonly status: string;
}

/** What is said of a session in a list of all. */
export function sessionEntryText(entry: SessionEntry, trans: ITranslation): ISessionEntryText {
  const folder = entry.folder === '' ? trans.__('top folder') : entry.folder;
  const notebooks = entry.notebooks.map(path => path.split('/').at(-1) ?? path);
  return {
    name: printable(entry.session),
    place: printable(
      notebooks.length === 0 ? folder : trans.__('%1, %2', folder, listing(notebooks, trans, NAMED))
    ),
    status: [state(entry, trans), ...progress(entry, trans)].join(', ')
  };
}

/** The same in one line. */
export function sessionEntryLine(entry: SessionEntry, trans: ITranslation): string {
  const { name, place, status } = sessionEntryText(entry, trans);
  return trans.__('%1 (%2): %3', name, place, status);
}

function state({ state, running }: SessionEntry, trans: ITranslation): string {
  switch (state) {
    case 'running':
      return running !== undefined && running > 0
        ? trans._n('%2 task trains', '%2 tasks train', running, count(running))
        : trans.__('at work');
    case 'idle':
      return trans.__('idle');
    case 'asleep':
      return trans.__('asleep');
  }
}

function progress({ tasks, trained, failed }: SessionEntry, trans: ITranslation): string[] {
  return tasks === undefined || trained === undefined
    ? []
    : [
        trans.__('%1 of %2 trained', count(trained), count(tasks)),
        ...(failed ? [trans.__('%1 failed', count(failed))] : [])
      ];
}
