import type { ReactNode } from 'react';
import { CommandIDs } from '../commands/commandIDs.js';
import { type Action, isPossible } from '../commands/sessionActions.js';
import { useViewContext } from '../context/viewContext.js';
import type { ISaturnStore } from '../session/tokens.js';

/** Buttons for what can be asked of the session, always in sight. */
export function ActionBar({ view }: { view: ISaturnStore.IView }) {
  const { trans } = useViewContext();
  return (
    <div className="jp-SaturnPanel-buttons" role="toolbar" aria-label={trans.__('Session')}>
      <ActionButton view={view} action="profile">
        {trans.__('Profile')}
      </ActionButton>
      <ActionButton view={view} action="plan">
        {trans.__('Plan')}
      </ActionButton>
      <ActionButton view={view} action="run" accent>
        {trans.__('Run')}
      </ActionButton>
      <ActionButton view={view} action="stop">
        {trans.__('Stop')}
      </ActionButton>
    </div>
  );
}

const COMMANDS: Record<Action, string> = {
  profile: CommandIDs.profile,
  plan: CommandIDs.plan,
  run: CommandIDs.run,
  stop: CommandIDs.stop
};

function ActionButton(props: {
  view: ISaturnStore.IView;
  action: Action;
  accent?: boolean;
  children: ReactNode;
}) {
  const { commands } = useViewContext();
  const { view } = props;
  const command = COMMANDS[props.action];
  return (
    <button
      type="button"
      className={`jp-mod-styled${props.accent ? ' jp-mod-accept' : ''}`}
      data-command={command}
      disabled={!isPossible(props.action, view)}
      aria-busy={view.pending.has(props.action)}
      title={commands.caption(command)}
      onClick={() => void commands.execute(command)}
    >
      {props.children}
    </button>
  );
}
