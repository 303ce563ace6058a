import { SaturnError } from '../core/wire/failure.js';
import type { Message } from '../core/wire/messages.js';
import { VERSION } from './version.js';

/**
 * A client of another version would misunderstand, or be misunderstood.
 *
 * @throws SaturnError `other-version`.
 */
export function refuseOtherVersion(message: Message<'client'>): void {
  if (message.type === 'hello' && message.body.version !== VERSION) {
    throw new SaturnError({
      code: 'other-version',
      message: `The session runs version ${VERSION} of jupyterlab_saturn, this notebook ${message.body.version}.`,
      hint: 'Restart the kernel. If the session is the older one, end its process jupyterlab_saturn.agent as well: the next %saturn command starts it again, and it goes on from the last checkpoints.'
    });
  }
}
