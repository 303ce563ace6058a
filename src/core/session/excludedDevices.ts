import { isRefused } from '../model/busyDevices.js';
import type { ExcludedDevice, Failure, Node } from '../wire/messages.js';
import { type ISession, withNotice, withStaleProfile, withState } from './session.js';
import { withoutGoal } from './stopping.js';

/** Codes of failures of a device on which something ran. */
const OF_DEVICE: ReadonlySet<string> = new Set(['device-lost', 'device-shared']);

/** Whether a failure is a device's, and no task's. */
export function isOfDevice(error: Failure | undefined): error is Failure {
  return error !== undefined && (OF_DEVICE.has(error.code) || isRefused(error));
}

/**
 * The session that plans nothing more on the devices that a failure names, of those that a job held: all of them
 * when it names none. The job must be over.
 */
export function excludeDevices(
  session: ISession,
  node: string | undefined,
  held: readonly string[],
  error: Failure
): ISession {
  const named = held.filter(id => error.devices?.includes(id));
  const blamed = new Set(named.length > 0 ? named : held);
  const { cluster, excludedDevices = [], trials } = session.state;
  const out: ExcludedDevice[] = [];
  const nodes = (cluster?.nodes ?? []).map(known => {
    if (known.id !== node) {
      return known;
    }
    const gone = known.devices.filter(({ id }) => blamed.has(id));
    out.push(...gone.map(device => ({ node: known.id, device, error })));
    return { ...known, devices: known.devices.filter(device => !gone.includes(device)) };
  });
  if (out.length === 0) {
    return session;
  }
  const next = withState(session, {
    cluster: { nodes },
    excludedDevices: [...excludedDevices, ...out],
    // For those that wait there may be too few devices now: they are asked for again where they fit.
    trials: trials.filter(({ status }) => status !== 'queued')
  });
  const notice = noticeOf(session, out, error);
  // Of a device that is refused over and over one word is enough.
  const others = next.state.notices.filter(other => !isRefused(other) || other.message !== notice.message);
  return withNotice(withState(withStaleProfile(next), { notices: others }), notice);
}

function noticeOf(session: ISession, out: readonly ExcludedDevice[], error: Failure): Failure {
  const several = (session.state.cluster?.nodes.length ?? 0) > 1;
  const back = isRefused(error)
    ? 'As soon as it is free the session goes on with it, by itself.'
    : `Take ${out.length === 1 ? 'it' : 'them'} in again with %saturn cluster --gpu all.`;
  return {
    ...error,
    message: messageOf(out, error, several),
    hint: error.hint === undefined ? back : `${error.hint} ${back}`
  };
}

function messageOf(out: readonly ExcludedDevice[], error: Failure, several: boolean): string {
  return `${namesOf(out, several)} ${out.length === 1 ? 'is' : 'are'} left out of the plan: ${error.message}`;
}

/** Whether two devices were left out at once. */
function isAlike(one: ExcludedDevice, other: ExcludedDevice): boolean {
  return one.node === other.node && JSON.stringify(one.error) === JSON.stringify(other.error);
}

/** What was said when devices were left out, of which there may have been one node or several. */
function wordsOf(out: readonly ExcludedDevice[], error: Failure): string[] {
  return [messageOf(out, error, false), messageOf(out, error, true)];
}

/** What devices are called: by their node as well, where there are several. */
function namesOf(out: readonly ExcludedDevice[], several: boolean): string {
  return out.map(({ node, device }) => (several ? `${node} ${device.id}` : device.id)).join(', ');
}

/** The session that tries again those devices that others had for themselves: all, or those that are free now. */
export function includeBusyDevices(
  session: ISession,
  isFree: (out: ExcludedDevice) => boolean = () => true
): ISession {
  const { cluster, excludedDevices = [] } = session.state;
  const back = excludedDevices.filter(out => isRefused(out.error) && isFree(out));
  if (!cluster || back.length === 0) {
    return session;
  }
  const nodes = cluster.nodes.map(node => ({
    ...node,
    devices: [...node.devices, ...back.filter(one => one.node === node.id).map(({ device }) => device)]
  }));
  const over = back.filter(one => !excludedDevices.some(out => isAlike(out, one) && !back.includes(out)));
  const told = new Set(
    over.flatMap(one =>
      wordsOf(
        excludedDevices.filter(out => isAlike(out, one)),
        one.error
      )
    )
  );
  return withStaleProfile(
    withState(session, {
      cluster: { nodes },
      excludedDevices: excludedDevices.filter(one => !back.includes(one)),
      notices: session.state.notices.filter(notice => !isRefused(notice) || !told.has(notice.message))
    })
  );
}

/**
 * Of a node's devices as its agent tells them, those that are left out. Those that were busy are tried again: the agent may
 * not know any more that they are waited for.
 */
export function excludedOf({ state }: ISession, node: Node): ExcludedDevice[] {
  return (state.excludedDevices ?? []).filter(
    out =>
      out.node === node.id &&
      !isRefused(out.error) &&
      node.devices.some(({ id, uuid }) => id === out.device.id && uuid === out.device.uuid)
  );
}

/** Whether all devices are left out, so that nothing can be begun. */
export function isWithoutDevices({ state: { cluster, excludedDevices = [] } }: ISession): boolean {
  return excludedDevices.length > 0 && (cluster?.nodes ?? []).every(({ devices }) => devices.length === 0);
}

/** The session that begins nothing more, as no device is left, and says so. */
export function withoutDevices(session: ISession, time: number): ISession {
  const out = session.state.excludedDevices ?? [];
  return withNotice(withoutGoal(session, time), {
    code: 'no-device-left',
    message: `No device is left: ${namesOf(out, (session.state.cluster?.nodes.length ?? 0) > 1)} ${out.length === 1 ? 'is' : 'are'} left out of the plan.`,
    hint: 'See why with %saturn cluster. Set the devices there, and go on with %saturn run.'
  });
}
