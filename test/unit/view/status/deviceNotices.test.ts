import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { display } from '../../../../src/core/view/display/display.js';
import { clusterView } from '../../../../src/core/view/status/clusterView.js';
import { statusView } from '../../../../src/core/view/status/statusView.js';
import type { Device, Failure, SessionState } from '../../../../src/core/wire/messages.js';
import { definedSession, T0 } from '../sessionStates.js';

const LEFT_OUT: Failure = {
  code: 'gpu-left-out',
  message: 'A GPU (2) is left out: the driver cannot reach it.',
  hint: 'Restart the machine.'
};

function session(devices: Device[], notices?: Failure[]): SessionState {
  return {
    ...definedSession(),
    agent: 'connected',
    cluster: { nodes: [{ id: 'local', devices, ...(notices && { notices }) }] }
  };
}

const gpu: Device = { id: 'cuda0', kind: 'cuda', name: 'NVIDIA H100', memoryBytes: 2 ** 36, uuid: 'GPU-1' };
const slice: Device = { ...gpu, id: 'cuda0.0', name: 'NVIDIA H100 MIG 1g.10gb', partition: true };
const text = (state: SessionState): string =>
  display('cluster', clusterView(state, T0, ENGLISH), ENGLISH).text;

describe('what is to be known of devices', () => {
  it('includes which are slices of a GPU', () => {
    expect(text(session([gpu]))).toMatch(/cuda0 .*GPU .*NVIDIA H100/);
    expect(text(session([slice]))).toMatch(/cuda0\.0 .*slice of a GPU \(MIG\)/);
  });

  it('is told with them: what is left out, why, and what to do', () => {
    const told = text(session([gpu], [LEFT_OUT]));
    expect(told).toContain(LEFT_OUT.message);
    expect(told).toContain(LEFT_OUT.hint);
    expect(text(session([gpu]))).not.toContain('left out');
  });

  it('is told with the status, too', () => {
    const state = session([gpu], [LEFT_OUT]);
    expect(display('status', statusView(state, T0, ENGLISH), ENGLISH).text).toContain(LEFT_OUT.message);
  });
});
