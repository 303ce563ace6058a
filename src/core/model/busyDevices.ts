import type { ExcludedDevice, Failure, SessionState } from '../wire/messages.js';

/** Code of the failure of a device that was refused, as another session or program has it for itself. */
const BUSY = 'device-busy';

/** Whether a device was refused before anything ran on it. */
export function isRefused({ code }: Pick<Failure, 'code'>): boolean {
  return code === BUSY;
}

/** The devices that others have for themselves, and that the session waits for. */
export function busyElsewhere({
  excludedDevices = []
}: Pick<SessionState, 'excludedDevices'>): ExcludedDevice[] {
  return excludedDevices.filter(({ error }) => isRefused(error));
}
