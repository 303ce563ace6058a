import { useState } from 'react';
import type { Segment } from '../../core/wire/messages.js';
import { useViewContext } from '../context/viewContext.js';

/** Has the session follow a plan as it stands, once the plan checker has passed it. */
export function UsePlanButton({ segments, onUsed }: UsePlanButton.IProps) {
  const { session, trans } = useViewContext();
  const [isBusy, setBusy] = useState(false);
  const [first, ...rest] = segments;
  const use = async () => {
    if (!first) {
      return;
    }
    setBusy(true);
    try {
      if (await session.send('plan.use', { segments: [first, ...rest] })) {
        onUsed?.();
      }
    } finally {
      setBusy(false);
    }
  };
  return (
    <button
      type="button"
      className="jp-mod-styled"
      title={trans.__('Follow this plan as it stands, until there is news.')}
      aria-busy={isBusy}
      disabled={!first || isBusy || !session.view.connected}
      onClick={() => void use()}
    >
      {trans.__('Use this plan')}
    </button>
  );
}

export namespace UsePlanButton {
  export interface IProps {
    segments: readonly Segment[];
    /** Called once the session follows it. */
    onUsed?: () => void;
  }
}
