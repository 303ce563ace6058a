import { Clipboard } from '@jupyterlab/apputils';
import { DisposableSet, type IDisposable } from '@lumino/disposable';
import { CommandIDs } from './commandIDs.js';
import { addTaskOrders } from './taskOrders.js';
import {
  type Args,
  type IScope,
  type ITaskCommandOptions,
  type IWords,
  isNames,
  labelOf,
  scopeOf,
  TASK_ARGS
} from './taskTarget.js';

/** All of them: each acts on what is selected where nobody names tasks. */
export const TASK_COMMANDS = [
  CommandIDs.runTasks,
  CommandIDs.stopTasks,
  CommandIDs.resumeTasks,
  CommandIDs.retryTasks,
  CommandIDs.cloneTasks,
  CommandIDs.setPriority,
  CommandIDs.setDeadline,
  CommandIDs.pinTasks,
  CommandIDs.removeTasks,
  CommandIDs.compareTasks,
  CommandIDs.copyTaskNames,
  CommandIDs.exportTasks,
  CommandIDs.reset
] as const;

/** Register the commands for some tasks of a session; dispose of the result to remove them. */
export function addTaskCommands(options: ITaskCommandOptions): IDisposable {
  const { commands, clock, trans } = options;
  const added = new DisposableSet();
  added.add(addTaskOrders(options));

  /** A command that asks nothing of the engine. */
  const addLocal = (
    id: string,
    words: IWords,
    isPossible: (scope: IScope) => boolean,
    act: (scope: IScope, args: Args) => unknown
  ) => {
    added.add(
      commands.addCommand(id, {
        describedBy: { args: TASK_ARGS },
        label: args => labelOf(words, scopeOf(options, args)?.names.length ?? 0),
        caption: words.caption,
        isEnabled: args => {
          const scope = scopeOf(options, args);
          return scope !== null && isPossible(scope);
        },
        execute: args => {
          const scope = scopeOf(options, args);
          return scope && act(scope, args);
        }
      })
    );
  };
  addLocal(
    CommandIDs.compareTasks,
    {
      one: trans.__('Show Curves'),
      many: number => trans.__('Compare %1 Tasks', number),
      selected: trans.__('Compare the Selected Tasks'),
      caption: trans.__('Show the curves of these, in one chart')
    },
    // Where no dashboard shows the session, one is opened.
    ({ names, selection }) =>
      names.length > 0 && (selection !== undefined || commands.isEnabled(CommandIDs.dashboard)),
    ({ names, selection, session }) => {
      if (selection) {
        selection.select(names);
        selection.ask('curves');
        return;
      }
      const folder = session.view.state?.folder;
      return commands.execute(CommandIDs.dashboard, {
        ...(folder !== undefined && { folder }),
        tasks: [...names],
        show: 'curves'
      });
    }
  );
  addLocal(
    CommandIDs.copyTaskNames,
    {
      one: trans.__('Copy Name'),
      many: number => trans.__('Copy %1 Names', number),
      selected: trans.__('Copy Names of the Selected Tasks'),
      caption: trans.__('Put names into the clipboard, one a line')
    },
    ({ names }) => names.length > 0,
    ({ names }) => Clipboard.copyToSystem(names.join('\n'))
  );
  addLocal(
    CommandIDs.exportTasks,
    {
      one: trans.__('Download as CSV'),
      many: number => trans.__('Download %1 Tasks as CSV', number),
      selected: trans.__('Download All Tasks as CSV'),
      caption: trans.__('Values, metrics and times, as a table for other programs')
    },
    ({ session }) => (session.view.state?.tasks.length ?? 0) > 0,
    async ({ session, names }, { columns }) => {
      const { downloadTasks } = await import('./taskDownload.js');
      const chosen = isNames(columns) ? columns : undefined;
      downloadTasks(session, { names, columns: chosen, now: clock(), trans });
    }
  );
  added.add(
    commands.addCommand(CommandIDs.reset, {
      label: trans.__('Take Out All Tasks…'),
      caption: trans.__('Begin anew: tasks and plan go, measured speeds are kept'),
      describedBy: {
        args: { type: 'object', properties: { session: TASK_ARGS.properties.session } }
      },
      isEnabled: args => {
        const { state, connected, pending } = scopeOf(options, args)?.session.view ?? {};
        return connected === true && (state?.tasks.length ?? 0) > 0 && !pending?.has('reset');
      },
      execute: async args => {
        const session = scopeOf(options, args)?.session;
        const { confirmReset } = await import('../dialogs/removeDialog.js');
        const state = session?.view.state;
        return session && state && (await confirmReset(state, clock(), trans)) && session.send('reset', {});
      }
    })
  );
  return added;
}
