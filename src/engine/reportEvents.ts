import type { Message, SessionEvent } from '../core/wire/messages.js';

/** The event an agent's report makes; null for those that change nothing. */
export function eventOfReport(message: Message<'agent'>): SessionEvent | null {
  switch (message.type) {
    case 'agent.hello':
      return { kind: 'agent-connected', hello: message.body };
    case 'agent.ping':
      return null;
    case 'cluster.report':
      return { kind: 'node-changed', ...message.body };
    case 'inspect.result':
      return { kind: 'inspected', result: message.body };
    case 'trial.result':
      return { kind: 'trial-finished', ...message.body };
    case 'group.event':
      return { kind: 'group', event: message.body };
  }
}
