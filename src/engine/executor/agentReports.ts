import type { Message } from '../../core/wire/messages.js';
import type { IExecutor } from './executor.js';

/** Whether a message is told once, so that nobody waits to hear that it has come: of many tasks that train these are most. */
export function isPassing({ type, body }: Message<'agent'>): boolean {
  return (
    type === 'devices.load' ||
    type === 'advice' ||
    type === 'tracker.report' ||
    (type === 'group.event' && body.kind === 'step')
  );
}

/**
 * What an agent reports; null when that is no event of the session.
 *
 * @param now - seconds since the epoch.
 * @param ahead - seconds by which our clock is ahead of the agent's.
 */
export function reportOf(message: Message<'agent'>, now: number, ahead = 0): IExecutor.Report | null {
  switch (message.type) {
    case 'agent.ping':
    case 'devices.load':
    case 'tracker.report':
    case 'advice':
      return null;
    case 'agent.hello':
      return { kind: 'agent-connected', hello: message.body };
    case 'agent.gone':
      return { kind: 'node-away', ...message.body };
    case 'cluster.report':
    case 'node.trouble':
      return { kind: 'node-changed', ...message.body };
    case 'devices.freed':
      return { kind: 'devices-freed', ...message.body };
    case 'bridge.report':
      return { kind: 'bridge-reported', report: message.body };
    case 'inspect.results':
      return { kind: 'inspected', results: message.body.results };
    case 'trial.result':
      return { kind: 'trial-finished', ...message.body };
    case 'group.event':
      // An agent's clock may be ahead, be it by less than the millisecond that ours is exact to: a task would seem to have
      // left its devices after the next had begun there.
      return { kind: 'group', event: { ...message.body, time: Math.min(message.body.time + ahead, now) } };
  }
}
