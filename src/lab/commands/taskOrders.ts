import { DisposableSet, type IDisposable } from '@lumino/disposable';
import type { TaskOrder } from '../../core/model/taskOrders.js';
import type { TaskState } from '../../core/wire/messages.js';
import { CommandIDs } from './commandIDs.js';
import { possibleTasks } from './taskActions.js';
import {
  type Args,
  type IScope,
  type ITaskCommandOptions,
  type IWords,
  labelOf,
  namesOf,
  scopeOf,
  TASK_ARGS
} from './taskTarget.js';
import { setWishes } from './taskWishes.js';

type Act = (tasks: readonly TaskState[], scope: IScope, args: Args) => Promise<boolean>;

/** Orders that say no more than for which tasks they are. */
const sends =
  (order: 'run' | 'stop' | 'resume' | 'retry'): Act =>
  (tasks, { session }) =>
    session.send(order, { tasks: namesOf(tasks) });

/** Register what can be asked of the engine for some tasks: each is done for those for which it makes sense. */
export function addTaskOrders(options: ITaskCommandOptions): IDisposable {
  const { commands, clock, trans } = options;
  const added = new DisposableSet();
  const possible = (order: TaskOrder, scope: IScope) =>
    possibleTasks(order, scope.names, scope.session.view, trans);

  const addOrder = (id: string, order: TaskOrder, words: IWords, act: Act) => {
    added.add(
      commands.addCommand(id, {
        describedBy: { args: TASK_ARGS },
        label: args => {
          const scope = scopeOf(options, args);
          const number = scope ? possible(order, scope).tasks.length : 0;
          return labelOf(words, number || (scope?.names.length ?? 0));
        },
        caption: args => {
          const scope = scopeOf(options, args);
          const reason = scope ? possible(order, scope).reason : trans.__('There is no session.');
          return reason === undefined ? words.caption : trans.__('%1. %2', words.caption, reason);
        },
        isEnabled: args => {
          const scope = scopeOf(options, args);
          return scope !== null && possible(order, scope).tasks.length > 0;
        },
        execute: async args => {
          const scope = scopeOf(options, args);
          const tasks = scope ? possible(order, scope).tasks : [];
          return scope && tasks.length > 0 ? act(tasks, scope, args) : false;
        }
      })
    );
  };

  addOrder(
    CommandIDs.runTasks,
    'run',
    {
      one: trans.__('Train Only This'),
      many: number => trans.__('Train Only These %1', number),
      selected: trans.__('Train Only the Selected Tasks'),
      caption: trans.__('Measure and plan what is missing, and train these; what trains already goes on')
    },
    sends('run')
  );
  addOrder(
    CommandIDs.stopTasks,
    'stop',
    {
      one: trans.__('Stop'),
      many: number => trans.__('Stop %1 Tasks', number),
      selected: trans.__('Stop the Selected Tasks'),
      caption: trans.__('Save a checkpoint and stop; the devices go to others')
    },
    sends('stop')
  );
  addOrder(
    CommandIDs.resumeTasks,
    'resume',
    {
      one: trans.__('Resume'),
      many: number => trans.__('Resume %1 Tasks', number),
      selected: trans.__('Resume the Selected Tasks'),
      caption: trans.__('Go on where it was stopped, beside what trains')
    },
    sends('resume')
  );
  addOrder(
    CommandIDs.retryTasks,
    'retry',
    {
      one: trans.__('Retry'),
      many: number => trans.__('Retry %1 Tasks', number),
      selected: trans.__('Retry the Selected Tasks'),
      caption: trans.__('Try again what failed, from the last checkpoint')
    },
    sends('retry')
  );
  addOrder(
    CommandIDs.cloneTasks,
    'clone',
    {
      one: trans.__('Clone with Edits…'),
      many: number => trans.__('Clone %1 Tasks with Edits…', number),
      selected: trans.__('Clone the Selected Tasks with Edits…'),
      caption: trans.__('Make tasks of the same function with other values')
    },
    async (tasks, { session }, args) => {
      const step = typeof args.step === 'number' ? args.step : undefined;
      const { askClones } = await import('../dialogs/cloneDialog.js');
      const clones = (await askClones(tasks, step, trans)) ?? [];
      for (const clone of clones) {
        if (!(await session.send('tasks.clone', clone))) {
          return false;
        }
      }
      return clones.length > 0;
    }
  );
  addOrder(
    CommandIDs.setPriority,
    'wish',
    {
      one: trans.__('Priority…'),
      many: number => trans.__('Priority of %1 Tasks…', number),
      selected: trans.__('Priority of the Selected Tasks…'),
      caption: trans.__('Say how much an early end counts')
    },
    async (tasks, { session }) => {
      const { askPriority } = await import('../dialogs/wishDialogs.js');
      return setWishes(session, tasks, await askPriority(tasks, trans), trans);
    }
  );
  addOrder(
    CommandIDs.setDeadline,
    'wish',
    {
      one: trans.__('Deadline…'),
      many: number => trans.__('Deadline of %1 Tasks…', number),
      selected: trans.__('Deadline of the Selected Tasks…'),
      caption: trans.__('Say by when it is to be trained')
    },
    async (tasks, { session }) => {
      const { askDeadline } = await import('../dialogs/wishDialogs.js');
      return setWishes(session, tasks, await askDeadline(tasks, clock(), trans), trans);
    }
  );
  addOrder(
    CommandIDs.pinTasks,
    'wish',
    {
      one: trans.__('Pin…'),
      many: number => trans.__('Pin %1 Tasks…', number),
      selected: trans.__('Pin the Selected Tasks…'),
      caption: trans.__('Say where and how it must run')
    },
    async (tasks, { session }) => {
      const { askPin } = await import('../dialogs/wishDialogs.js');
      return setWishes(session, tasks, await askPin(tasks, session.view.state?.cluster, trans), trans);
    }
  );
  addOrder(
    CommandIDs.removeTasks,
    'remove',
    {
      one: trans.__('Take Out…'),
      many: number => trans.__('Take Out %1 Tasks…', number),
      selected: trans.__('Take Out the Selected Tasks…'),
      caption: trans.__('Take it out of the session, with all that it has trained')
    },
    async (tasks, { session }) => {
      const { confirmRemove } = await import('../dialogs/removeDialog.js');
      const { state } = session.view;
      return (
        state !== null &&
        (await confirmRemove(tasks, state, clock(), trans)) &&
        session.send('tasks.remove', { tasks: namesOf(tasks) })
      );
    }
  );
  return added;
}
