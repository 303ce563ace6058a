import type { TranslationBundle } from '@jupyterlab/translation';
import { type NextStep, nextStep } from '../../core/view/status/sessionPhase.js';
import type { ClientMessages } from '../../core/wire/messages.js';
import { CommandIDs } from '../commands/commandIDs.js';
import { useViewContext } from '../context/viewContext.js';
import { cellStatus } from '../notebook/taskCells.js';
import type { ISaturnStore } from '../session/tokens.js';

/** What the one large button of the panel does, and what it says. */
interface IPrimary {
  readonly label: string;
  readonly command: string;
  readonly args?: { readonly cell: string };
  /** The message by which it is asked for. */
  readonly message?: keyof ClientMessages;
}

/** The one thing to do next, by its name. */
export function PrimaryButton({ view }: { view: ISaturnStore.IView }) {
  const { commands, session, trans } = useViewContext();
  const { state, connected, pending } = view;
  if (!state) {
    return null;
  }
  const step = nextStep(state);
  const { label, command, args, message } = primaryOf(step, view, trans);
  const isBusy = message !== undefined && pending.has(message);
  const isOffline = message !== undefined && !connected;
  return (
    <button
      type="button"
      className={`jp-mod-styled jp-SaturnPanel-primary ${step === 'stop' ? 'jp-mod-warn' : 'jp-mod-accept'}`}
      data-command={command}
      data-step={step}
      disabled={isBusy || isOffline}
      aria-busy={isBusy}
      title={step === 'retry' ? trans.__('Train once more what failed') : commands.caption(command, args)}
      onClick={() => void (step === 'retry' ? session.send('retry', {}) : commands.execute(command, args))}
    >
      {label}
    </button>
  );
}

function primaryOf(step: NextStep, { cells, state }: ISaturnStore.IView, trans: TranslationBundle): IPrimary {
  switch (step) {
    case 'define': {
      const cell = cells.find(one => cellStatus(one, state?.tasks ?? []) !== 'current');
      if (cell) {
        return {
          label: trans.__('Run the task cell'),
          command: CommandIDs.runTaskCell,
          args: { cell: cell.id }
        };
      }
      const [first] = cells;
      return first
        ? { label: trans.__('Go to the task cell'), command: CommandIDs.showCell, args: { cell: first.id } }
        : { label: trans.__('Insert a task cell'), command: CommandIDs.insertTaskCell };
    }
    case 'measure':
      return { label: trans.__('Measure'), command: CommandIDs.profile, message: 'profile' };
    case 'plan':
      return { label: trans.__('Plan'), command: CommandIDs.plan, message: 'plan' };
    case 'train':
      return { label: trans.__('Train'), command: CommandIDs.run, message: 'run' };
    case 'continue':
      return { label: trans.__('Train on'), command: CommandIDs.run, message: 'run' };
    case 'stop':
      return { label: trans.__('Stop'), command: CommandIDs.stop, message: 'stop' };
    case 'retry':
      return { label: trans.__('Try again what failed'), command: CommandIDs.run, message: 'retry' };
    case 'compare':
      return { label: trans.__('Compare the results'), command: CommandIDs.dashboard };
  }
}
