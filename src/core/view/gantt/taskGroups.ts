import type { ITranslation } from '../../model/translation.js';
import { PALETTE } from './palette.js';

/** Tasks that differ only in numbers share a group, so a colour: `digits-vit-32-0.001` is of `digits-vit`. */
export interface ITaskGroups {
  /** Names of the groups, in the order of their colours; at most as many as there are colours. */
  readonly groups: readonly string[];
  /** Number of a task's group. */
  indexOf(task: string): number;
  /** A task's name without what all names share. */
  shortName(task: string): string;
  /** A task's name without what its group's name says: its numbers. */
  briefName(task: string): string;
}

const NUMBERS = /-[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?(?=-|$)/gi;

/** Group tasks by name. The same names always give the same groups and colours, in any order. */
export function taskGroups(tasks: readonly string[], trans: ITranslation): ITaskGroups {
  const sweeps = new Set(tasks.map(sweepOf));
  const shared = sweeps.size === 1 && new Set(tasks).size > 1 ? `${[...sweeps][0]}-` : '';
  const shortName = (task: string): string =>
    shared !== '' && task.startsWith(shared) && task.length > shared.length
      ? task.slice(shared.length)
      : task;
  const model = (task: string): string => task.replace(NUMBERS, '');
  const groupOf = new Set(tasks.map(model)).size <= PALETTE.length ? model : sweepOf;
  const all = [...new Set(tasks.map(groupOf))].sort();
  const named = all.length <= PALETTE.length ? all : all.slice(0, PALETTE.length - 1);
  return {
    groups: all.length > named.length ? [...named, trans.__('other')] : named.map(shortName),
    indexOf: task => {
      const index = named.indexOf(groupOf(task));
      return index < 0 ? named.length : index;
    },
    shortName,
    briefName: task => {
      const group = `${groupOf(task)}-`;
      return task.startsWith(group) && task.length > group.length
        ? task.slice(group.length)
        : shortName(task);
    }
  };
}

function sweepOf(task: string): string {
  return task.split('-', 1)[0] as string;
}
