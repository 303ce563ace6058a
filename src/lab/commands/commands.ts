import type { INotebookTracker } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { DisposableDelegate, DisposableSet, type IDisposable } from '@lumino/disposable';
import { printable } from '../../core/view/format/escape.js';
import { insertCellBelow, selectCell } from '../notebook/cellNavigation.js';
import type { ISaturnStore, ISessionModel, ISessions } from '../session/tokens.js';
import { CommandIDs } from './commandIDs.js';
import { exportSession, formatLabel, isExportable, PAGE_FORMATS, type PageFormat } from './exportSession.js';
import { type Action, isPossible } from './sessionActions.js';

const NO_ARGS = { type: 'object', properties: {} } as const;
const CELL_ARGS = {
  type: 'object',
  required: ['cell'],
  properties: { cell: { type: 'string', description: 'Id of a cell of the current notebook' } }
} as const;
const CODE_ARGS = {
  type: 'object',
  required: ['code'],
  properties: { code: { type: 'string', description: 'Source of the new cell' } }
} as const;

const SESSION_PROPERTIES = {
  session: {
    type: 'string',
    description: 'Id of a session that is open; else that of the current notebook'
  },
  inFront: { type: 'boolean', description: 'Whether a session whose dashboard has the focus goes before' }
} as const;

const SESSION_ARGS = { type: 'object', properties: SESSION_PROPERTIES } as const;

const EXPORT_ARGS = {
  type: 'object',
  properties: {
    ...SESSION_PROPERTIES,
    format: { type: 'string', enum: PAGE_FORMATS, default: 'html', description: 'What the file holds' },
    isPalette: { type: 'boolean', description: 'Whether the label says that something is exported' }
  }
} as const;

const TASK_CELL = `%%saturn task --sweep lr=1e-3,3e-3 batch_size=32,64 --epochs 2
def my_model(lr, batch_size):
    from functools import partial
    import torch
    from jupyterlab_saturn import Task

    return Task(
        model=...,  # any torch.nn.Module
        data=...,  # a dataset of (inputs, targets)
        loss=torch.nn.functional.cross_entropy,
        optimizer=partial(torch.optim.AdamW, lr=lr),
        batch_size=batch_size,
    )
`;

/** Register all commands but the one that shows the panel; dispose of the result to remove them. */
export function addCommands(options: addCommands.IOptions): IDisposable {
  const { commands, store, tracker, trans, clock, sessions = null } = options;
  const added = new DisposableSet();
  const add = (id: string, command: CommandRegistry.ICommandOptions) => {
    added.add(commands.addCommand(id, { describedBy: { args: NO_ARGS }, ...command }));
  };

  add(CommandIDs.load, {
    label: trans.__('Load %saturn in This Notebook'),
    caption: trans.__('Load the extension in the kernel of the current notebook'),
    isEnabled: () => store.view.connectionProblem?.kind === 'not-loaded',
    execute: () => store.load()
  });
  add(CommandIDs.attach, {
    label: trans.__('Attach to the Session'),
    caption: trans.__('Connect the kernel to its session, starting it when it does not run'),
    isEnabled: () => store.view.connectionProblem?.kind === 'not-attached',
    execute: () => store.attach()
  });
  const sessionOf = (args: ReadonlyPartialJSONObject): ISessionModel | null =>
    typeof args.session === 'string'
      ? (sessions?.opened(args.session) ?? null)
      : (args.inFront === true && sessions?.inFront) || store;
  const addAction = (
    action: Action,
    command: Pick<CommandRegistry.ICommandOptions, 'label' | 'caption'>,
    isWanted: (session: ISessionModel) => Promise<boolean> = async () => true
  ) =>
    add(CommandIDs[action], {
      describedBy: { args: SESSION_ARGS },
      ...command,
      isEnabled: args => {
        const session = sessionOf(args);
        return session !== null && isPossible(action, session.view);
      },
      execute: async args => {
        // The one that is meant now, whatever is in front once a question is answered.
        const session = sessionOf(args);
        return session !== null && (await isWanted(session)) && session.send(action, {});
      }
    });
  addAction('profile', {
    label: trans.__('Measure the Tasks'),
    caption: trans.__('Measure for a few steps how fast each task runs under each strategy')
  });
  addAction('plan', {
    label: trans.__('Plan the Tasks'),
    caption: trans.__('Measure what is missing and find the shortest schedule')
  });
  addAction('run', {
    label: trans.__('Train the Tasks'),
    caption: trans.__('Measure and plan what is missing, then train in the background')
  });
  add(CommandIDs.exportFile, {
    label: ({ format, isPalette }) => {
      const known = formatOf(format);
      const what = known ? formatLabel(known, trans) : trans.__('Session');
      return isPalette === true || !known ? trans.__('Export: %1', what) : what;
    },
    caption: trans.__('Save what there is of the session as a file that works alone'),
    describedBy: { args: EXPORT_ARGS },
    isEnabled: args => isExportable(formatOf(args.format) ?? 'html', sessionOf(args)?.view.state ?? null),
    execute: args => {
      const session = sessionOf(args);
      return session && exportSession(session, formatOf(args.format) ?? 'html', clock(), trans);
    }
  });
  addAction(
    'stop',
    {
      label: trans.__('Stop Training…'),
      caption: trans.__('Save a checkpoint of every running task and stop')
    },
    ({ view }) => confirmStop(view.state?.session ?? '', trans)
  );
  add(CommandIDs.insertTaskCell, {
    label: trans.__('Insert a Task Cell'),
    caption: trans.__('Insert a cell that makes a grid of tasks, to be filled in'),
    isEnabled: () => tracker.currentWidget?.content.model != null,
    execute: () => tracker.currentWidget && insertCellBelow(tracker.currentWidget.content, TASK_CELL)
  });
  add(CommandIDs.insertCode, {
    label: trans.__('Insert Code'),
    describedBy: { args: CODE_ARGS },
    isEnabled: () => tracker.currentWidget?.content.model != null,
    execute: args =>
      tracker.currentWidget && insertCellBelow(tracker.currentWidget.content, String(args.code))
  });
  add(CommandIDs.showCell, {
    label: trans.__('Go to Task Cell'),
    describedBy: { args: CELL_ARGS },
    execute: args => tracker.currentWidget && selectCell(tracker.currentWidget.content, String(args.cell))
  });
  add(CommandIDs.runTaskCell, {
    label: trans.__('Run Task Cell'),
    describedBy: { args: CELL_ARGS },
    execute: async args => {
      const notebook = tracker.currentWidget?.content;
      if (store.view.connectionProblem?.kind === 'not-loaded') {
        await store.load();
      }
      if (notebook && (await selectCell(notebook, String(args.cell)))) {
        await commands.execute('notebook:run-cell');
      }
    }
  });
  const refresh = () => commands.notifyCommandChanged();
  store.changed.connect(refresh);
  tracker.currentChanged.connect(refresh);
  sessions?.changed.connect(refresh);
  added.add(
    new DisposableDelegate(() => {
      store.changed.disconnect(refresh);
      tracker.currentChanged.disconnect(refresh);
      sessions?.changed.disconnect(refresh);
    })
  );
  return added;
}

export namespace addCommands {
  export interface IOptions {
    commands: CommandRegistry;
    store: ISaturnStore;
    tracker: Pick<INotebookTracker, 'currentWidget' | 'currentChanged'>;
    trans: TranslationBundle;
    /** Seconds since the epoch. */
    clock: () => number;
    /** Those of the Jupyter server, on which commands can act as well. */
    sessions?: ISessions | null;
  }
}

function formatOf(format: unknown): PageFormat | undefined {
  return PAGE_FORMATS.find(known => known === format);
}

async function confirmStop(session: string, trans: TranslationBundle): Promise<boolean> {
  const { confirm } = await import('../dialogs/confirmDialog.js');
  return confirm({
    title: trans.__('Stop the training of %1?', printable(session)),
    sentences: [
      trans.__(
        'Running tasks save a checkpoint first; Train continues them from there. Measuring and planning stop too.'
      )
    ],
    keep: trans.__('Keep training'),
    accept: trans.__('Stop')
  });
}
