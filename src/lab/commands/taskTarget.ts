import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { count } from '../../core/view/format/format.js';
import type { TaskState } from '../../core/wire/messages.js';
import type { TaskSelection } from '../context/taskSelection.js';
import type { ISessionModel } from '../session/tokens.js';

/** Arguments of the commands for some tasks, as JSON Schema. */
export const TASK_ARGS = {
  type: 'object',
  properties: {
    session: { type: 'string', description: 'Folder of the session; the one in sight when absent' },
    tasks: {
      type: 'array',
      items: { type: 'string' },
      description: 'Names of tasks; those selected in the dashboard when absent'
    }
  }
} as const;

export type Args = ReadonlyPartialJSONObject;

/** A session on which commands act, and where it is seen. */
export interface ITaskTarget {
  readonly session: ISessionModel;
  /** Of the dashboard that shows it, when one does. */
  readonly selection?: TaskSelection;
}

/** Where a command acts, and on which tasks. */
export interface IScope extends ITaskTarget {
  readonly names: readonly string[];
}

/** What all commands for tasks are made with. */
export interface ITaskCommandOptions {
  readonly commands: CommandRegistry;
  /** The session of a folder; the one in sight when none is named. Null when there is none. */
  readonly target: (folder: string | undefined) => ITaskTarget | null;
  /** Seconds since the epoch. */
  readonly clock: () => number;
  readonly trans: TranslationBundle;
}

/** What the arguments of a command mean; null where there is no session. */
export function scopeOf({ target }: Pick<ITaskCommandOptions, 'target'>, args: Args): IScope | null {
  const found = target(typeof args.session === 'string' ? args.session : undefined);
  const names = isNames(args.tasks) ? args.tasks : found?.selection?.tasks;
  return found && { ...found, names: names ?? [] };
}

/** Whether an argument is a list of names. */
export function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(name => typeof name === 'string');
}

/** Names of tasks, of which there is one at least. */
export function namesOf(tasks: readonly TaskState[]): [string, ...string[]] {
  return tasks.map(({ spec }) => spec.name) as [string, ...string[]];
}

/** How a command for tasks is called. */
export interface IWords {
  readonly one: string;
  readonly many: (number: string) => string;
  /** Where nobody has said yet which tasks. */
  readonly selected: string;
  readonly caption: string;
}

/** The label of a command for so many tasks. */
export function labelOf({ one, many, selected }: IWords, number: number): string {
  return number === 0 ? selected : number === 1 ? one : many(count(number));
}
