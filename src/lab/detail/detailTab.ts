import type { TranslationBundle } from '@jupyterlab/translation';
import type { SessionState, TaskState } from '../../core/wire/messages.js';

/** All tabs, in their order; a name is what a command asks for. */
export const DETAIL_TABS = [
  'curves',
  'log',
  'error',
  'attempts',
  'checkpoints',
  'why',
  'devices',
  'parameters'
] as const;

/** A tab of the details. */
export type DetailTab = (typeof DETAIL_TABS)[number];

/** What a tab about one task is drawn from. */
export interface ITaskTab {
  readonly task: TaskState;
  readonly state: SessionState;
  /** Seconds since the epoch. */
  readonly now: number;
}

/** Whether a word names a tab. */
export function isDetailTab(word: unknown): word is DetailTab {
  return (DETAIL_TABS as readonly unknown[]).includes(word);
}

/** What a tab is called. */
export function tabLabel(tab: DetailTab, trans: TranslationBundle): string {
  switch (tab) {
    case 'curves':
      return trans.__('Curves');
    case 'log':
      return trans.__('Log');
    case 'error':
      return trans.__('Error');
    case 'attempts':
      return trans.__('Attempts');
    case 'checkpoints':
      return trans.__('Checkpoints');
    case 'why':
      return trans.__('Why');
    case 'devices':
      return trans.__('Devices');
    case 'parameters':
      return trans.__('Parameters');
  }
}
