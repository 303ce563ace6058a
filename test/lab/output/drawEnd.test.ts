import { describe, expect, it } from 'vitest';
import { notConnected } from '../../../src/lab/session/sessionLine.js';
import { drawEnd } from '../../../src/lab/output/drawEnd.js';
import type { IPictureData } from '../../../src/lab/output/savedPicture.js';
import { finishedState } from '../../fixtures/sessionStates.js';

const RUN: IPictureData = { session: 'quickstart', view: 'run', over: false };

describe('the end of a picture', () => {
  it('is drawn by the engine where that can be asked', async () => {
    const asked: unknown[] = [];
    const drawn = await drawEnd(
      async body => {
        asked.push(body);
        return { type: 'rendered', body: { text: 'by the engine', html: '' } } as never;
      },
      { ...RUN, view: 'tasks', tasks: ['a'] },
      finishedState()
    );
    expect(drawn?.text).toBe('by the engine');
    expect(asked).toEqual([{ view: 'tasks', tasks: ['a'] }]);
  });

  it.each([null, () => Promise.reject(notConnected())])('is drawn here where the kernel is gone', async ask => {
    const drawn = await drawEnd(ask, RUN, finishedState());
    expect(drawn?.text).toContain('12/12 trained');
    expect(drawn?.html).toContain('<svg');
  });

  it('is that of the tasks of a cell', async () => {
    const state = finishedState();
    const [one, other] = state.tasks.map(({ spec }) => spec.name);
    const drawn = await drawEnd(null, { ...RUN, view: 'tasks', tasks: [one!] }, state);
    expect(drawn?.text).toContain(one);
    expect(drawn?.text).not.toContain(other);
  });

  it('is none of a picture that stays as it is', async () => {
    expect(await drawEnd(null, { ...RUN, view: null }, finishedState())).toBeNull();
  });
});
