import { expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { render } from '../../../../src/core/view/render.js';
import type { ExcludedDevice, SessionState } from '../../../../src/core/wire/messages.js';
import { definedSession } from '../sessionStates.js';

function excluding(some: boolean): SessionState {
  const state = definedSession();
  const [node] = state.cluster!.nodes;
  const gone = some ? node!.devices.slice(-1) : node!.devices;
  const error = { code: 'device-lost', message: 'The GPU is lost.', hint: 'Look for its Xid.' };
  const excludedDevices = gone.map((device): ExcludedDevice => ({ node: node!.id, device, error }));
  const devices = node!.devices.filter(device => !gone.includes(device));
  return { ...state, cluster: { nodes: [{ ...node!, devices }] }, excludedDevices };
}

const text = (state: SessionState): string => render('cluster', state, 0, ENGLISH).text;

it('tells which devices are left out, why, and how they come back', () => {
  const state = excluding(true);
  const shown = text(state);
  const { id } = state.excludedDevices![0]!.device;
  expect(shown).toContain('Left out of the plan');
  expect(shown).toContain(`${id}: The GPU is lost.`);
  expect(shown).toContain('%saturn cluster');
  expect(shown).toContain('Look for its Xid.');
});

it('tells of nodes to which files are carried', () => {
  const state = definedSession();
  const joined = (...carrying: string[]): SessionState => ({
    ...state,
    bridge: {
      kind: 'ray',
      address: 'head:1',
      request: { ray: { address: 'head:1' } },
      state: 'connected',
      since: 0,
      nodes: ['b', 'c'].map(id => ({ id, address: '', ...(carrying.includes(id) && { carries: true }) }))
    }
  });
  expect(text(joined())).not.toContain('share');
  expect(text(joined('b'))).toContain("b does not share the session's folder");
  expect(text(joined('b', 'c'))).toContain("b and c do not share the session's folder");
});

it('tells when no device is left', () => {
  const shown = text(excluding(false));
  expect(shown).toContain('No device is left.');
  expect(shown).toContain('The GPU is lost.');
});
