import type { ReactNode } from 'react';
import { CommandIDs } from '../commands/commandIDs.js';
import { type Action, isPossible } from '../commands/sessionActions.js';
import { usePanelContext, useView } from '../context/panelContext.js';

/** Buttons for what can be asked of the session, always in sight. */
export function ActionBar() {
  const { trans } = usePanelContext();
  return (
    <div className="jp-SaturnPanel-buttons" role="toolbar" aria-label={trans.__('Session')}>
      <ActionButton action="profile">{trans.__('Profile')}</ActionButton>
      <ActionButton action="plan">{trans.__('Plan')}</ActionButton>
      <ActionButton action="run" accent>
        {trans.__('Run')}
      </ActionButton>
      <ActionButton action="stop">{trans.__('Stop')}</ActionButton>
    </div>
  );
}

const COMMANDS: Record<Action, string> = {
  profile: CommandIDs.profile,
  plan: CommandIDs.plan,
  run: CommandIDs.run,
  stop: CommandIDs.stop
};

function ActionButton(props: { action: Action; accent?: boolean; children: ReactNode }) {
  const { commands } = usePanelContext();
  const view = useView();
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
