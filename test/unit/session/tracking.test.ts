import { describe, expect, it } from 'vitest';
import type { Command } from '../../../src/core/session/command.js';
import { emptySession } from '../../../src/core/session/session.js';
import { step } from '../../../src/core/session/step.js';
import { trackingEvent } from '../../../src/core/session/tracking.js';
import type { AgentHello, SessionEvent, TrackerWish } from '../../../src/core/wire/messages.js';

const HELLO: AgentHello = { node: { id: 'n', devices: [] }, groups: [], trials: [], inspecting: [] };
const TENSORBOARD: TrackerWish = { tracker: 'tensorboard' };
const WANDB: TrackerWish = { tracker: 'wandb', online: true, secrets: ['WANDB_API_KEY'] };

function playing(...events: SessionEvent[]) {
  let session = emptySession('s', '/s');
  let commands: readonly Command[] = [];
  events.forEach((event, i) => {
    ({ session, commands } = step(session, event, i));
  });
  return { session, commands: commands.filter(({ kind }) => kind === 'set-trackers') };
}

const set = (...trackers: TrackerWish[]): SessionEvent => ({ kind: 'tracking-set', trackers });
const connected: SessionEvent = { kind: 'agent-connected', hello: HELLO };

describe('trackers', () => {
  it('are told by the agent of the own node, and again by one that is new', () => {
    const command = { kind: 'set-trackers', node: 'n', body: { trackers: [TENSORBOARD] } };
    expect(playing(connected, set(TENSORBOARD)).commands).toEqual([command]);
    expect(playing(connected, set(TENSORBOARD), connected).commands).toEqual([command]);
    expect(playing(set(TENSORBOARD), connected).commands).toEqual([command]);
    expect(playing(connected).commands).toEqual([]);
  });

  it('of an agent whose session knows of none are told no more', () => {
    const hello: AgentHello = { ...HELLO, trackers: ['wandb'] };
    const { commands } = playing({ kind: 'agent-connected', hello });
    expect(commands).toEqual([{ kind: 'set-trackers', node: 'n', body: { trackers: [] } }]);
  });

  it('stay when the session is reset', () => {
    const { session } = playing(set(TENSORBOARD), { kind: 'reset' });
    expect(session.state.tracking).toEqual([{ wish: TENSORBOARD, since: 0 }]);
  });

  it('keep their time when another one is set', () => {
    const { session } = playing(set(TENSORBOARD), set(TENSORBOARD, WANDB));
    expect(session.state.tracking?.map(({ since }) => since)).toEqual([0, 1]);
  });

  it('are put in the place of the same one, and taken out by name or all', () => {
    const { session } = playing(set(TENSORBOARD, WANDB));
    expect(trackingEvent(session, { set: { tracker: 'wandb' } })).toEqual(
      set(TENSORBOARD, { tracker: 'wandb' })
    );
    expect(trackingEvent(session, { off: ['wandb'] })).toEqual(set(TENSORBOARD));
    expect(trackingEvent(session, { off: [] })).toEqual(set());
    expect(() => trackingEvent(session, { off: ['mlflow'] })).toThrow(/mlflow is not told/);
  });

  it('take no address with a password', () => {
    const { session } = playing();
    const uri = 'https://me:secret@host/x';
    expect(() => trackingEvent(session, { set: { tracker: 'mlflow', uri } })).toThrow(/password/);
    expect(trackingEvent(session, { set: { tracker: 'mlflow', uri: 'https://host/x' } })).toBeDefined();
  });
});
