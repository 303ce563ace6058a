import { useEffect, useRef, useState } from 'react';
import type { EngineMessages, SessionState } from '../../core/wire/messages.js';
import type { ISessionModel } from '../session/tokens.js';

/** How often it is asked how busy the devices are, in seconds, while something trains. */
const AGAIN_SECONDS = 2;

/** So many numbers are asked for of all devices together: of each time two, so that more devices are told in fewer times. */
const NUMBERS = 1000;

/** In so many times at least, and at most, what is known of a device is told. */
const [LEAST_TIMES, MOST_TIMES] = [10, 60];

/**
 * How busy the devices are; null while that is not known. It is asked when something is drawn, so never while nobody sees it.
 *
 * @param now - seconds since the epoch.
 */
export function useDeviceLoad(
  session: ISessionModel,
  state: SessionState,
  now: number
): EngineMessages['load'] | null {
  const { folder, run } = state;
  const hasBegun = state.tasks.some(({ attempts }) => attempts.length > 0);
  const [known, setKnown] = useState<{ folder: string; load: EngineMessages['load'] } | null>(null);
  const asked = useRef({ folder: '', at: -Infinity, isOver: false });
  const isOver = run === undefined || run.endedAt !== undefined;
  const { connected } = session.view;
  const devices = state.cluster?.nodes.reduce((sum, node) => sum + node.devices.length, 0) ?? 0;
  useEffect(() => {
    const last = asked.current;
    const isDue = isOver ? !last.isOver : now - last.at >= AGAIN_SECONDS;
    if (!connected || !hasBegun || (last.folder === folder && !isDue)) {
      return;
    }
    asked.current = { folder, at: now, isOver };
    session.request('load.read', { points: timesFor(devices) }).then(
      answer => {
        if (answer.type === 'load' && asked.current.folder === folder) {
          setKnown({ folder, load: answer.body });
        }
      },
      // An engine that is out of reach is told of elsewhere; there is a schedule without it.
      () => undefined
    );
  }, [session, connected, folder, now, isOver, hasBegun, devices]);
  return known?.folder === folder ? known.load : null;
}

function timesFor(devices: number): number {
  return Math.min(MOST_TIMES, Math.max(LEAST_TIMES, Math.floor(NUMBERS / (2 * Math.max(1, devices)))));
}
