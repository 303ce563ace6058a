import { printable } from '../../core/view/format/escape.js';
import { clockTime, duration } from '../../core/view/format/format.js';
import { outlook, standingFacts } from '../../core/view/status/progressLine.js';
import { progressShare } from '../../core/view/status/progressShare.js';
import { runLeft } from '../../core/view/status/runLeft.js';
import { sessionPhase } from '../../core/view/status/sessionPhase.js';
import type { SessionState } from '../../core/wire/messages.js';
import { ProgressBar } from '../components/progressBar.js';
import { useViewContext } from '../context/viewContext.js';

/** From so many seconds on it is also said by the clock when all will be done. */
const LONG = 300;

/** How far the session is and how long it still takes, in the words of all other places. */
export function ProgressHeadline({ state, now }: { state: SessionState; now: number }) {
  const { trans } = useViewContext();
  const phase = sessionPhase(state);
  const standing = standingFacts(state, trans).join(', ');
  const ahead = outlook(state, now, trans);
  const share = phase === 'train' || phase === 'stopped' ? progressShare(state) : undefined;
  const { run } = state;
  const took =
    phase === 'done' && run?.endedAt !== undefined
      ? run.endedAt - run.startedAt - (run.idleSeconds ?? 0)
      : undefined;
  const left = ahead.length > 0 ? runLeft(state, now) : undefined;
  const more =
    left && !left.isLeast && left.seconds >= LONG
      ? [trans.__('until about %1', clockTime(now + left.seconds, now))]
      : [];
  const line =
    took === undefined ? [...ahead, ...more].join(', ') : trans.__('Done in %1', duration(took, trans));
  return (
    <div className="jp-SaturnHeadline">
      {share !== undefined && share < 1 && (
        <ProgressBar
          done={Math.floor(share * 100)}
          of={100}
          label={trans.__('Trained, by time')}
          text={[...ahead, standing].join(', ')}
        />
      )}
      {line !== '' && <div className="jp-SaturnHeadline-ahead">{line}</div>}
      <div className="jp-SaturnPanel-quiet">{printable(standing)}</div>
    </div>
  );
}
