import { ENGLISH } from '../../core/model/translation.js';
import type { ClientMessages, Rendered, SessionState } from '../../core/wire/messages.js';
import { now } from '../context/clock.js';
import type { Incoming } from '../session/messageChannel.js';
import type { IPictureData } from './savedPicture.js';

/**
 * A picture as it is in the end, in English as the kernel draws it: by the engine, which has the curves of what was trained,
 * else as the session is known here.
 *
 * @param ask - asks the engine to draw; null when it is not to be asked, as it may be at something else by now.
 */
export async function drawEnd(
  ask: ((body: ClientMessages['render']) => Promise<Incoming>) | null,
  { view, tasks }: IPictureData,
  state: SessionState
): Promise<Rendered | null> {
  if (view === null) {
    return null;
  }
  try {
    const answer = await ask?.({ view, ...(tasks && { tasks: [...tasks] }) });
    if (answer?.type === 'rendered') {
      return answer.body;
    }
  } catch {
    // It is out of reach by now.
  }
  return (await import('../../core/view/render.js')).render(view, state, now(), ENGLISH, tasks);
}
