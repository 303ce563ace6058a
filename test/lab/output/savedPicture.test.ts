import { CodeCellModel } from '@jupyterlab/cells';
import { type IOutputModel, MimeModel } from '@jupyterlab/rendermime';
import { type YCodeCell, YNotebook } from '@jupyter/ydoc';
import { applyUpdate } from 'yjs';
import { expect, it } from 'vitest';
import {
  isFollowed,
  isOutOfDate,
  keepPicture,
  pictureData,
  SESSION_MIME
} from '../../../src/lab/output/savedPicture.js';
import { finishedState } from '../../fixtures/sessionStates.js';

const REMOTE = Symbol('the other client');
const SAID = { session: 'quickstart', view: 'run', over: false };

/** What an output says of the tasks of a cell. */
const tasksSaid = (part: object) => pictureData({ data: { [SESSION_MIME]: { ...SAID, ...part } as never } });

it('of the tasks of a cell is out of date once none of them is being built', () => {
  const state = finishedState();
  const [name] = state.tasks.map(({ spec }) => spec.name);
  const said = tasksSaid({ view: 'tasks', tasks: [name, 'not there'] });
  const building = {
    ...state,
    tasks: state.tasks.map(task => (task.spec.name === name ? { ...task, status: 'inspecting' as const } : task))
  };
  expect(isFollowed(said)).toBe(false);
  expect(isOutOfDate(said, building)).toBe(false);
  expect(isOutOfDate(said, state)).toBe(true);
  expect(isOutOfDate(tasksSaid({ view: 'tasks', tasks: ['not there'] }), state)).toBe(false);
  expect(tasksSaid({ view: 'tasks', tasks: 'all' }).view).toBeNull();
});

it('keeps what stands above it', () => {
  const above = { text: 'Points are random.', html: '<p>Points are random.</p>' };
  const told: object[] = [];
  const model = new MimeModel({
    data: { [SESSION_MIME]: { ...SAID, view: 'tasks', tasks: ['a'], above } as never },
    callback: ({ data = {} }) => void told.push(data)
  });
  keepPicture(model, { text: 'the tasks', html: '<b>the tasks</b>' });
  expect(told).toEqual([
    {
      'text/plain': 'Points are random.\n\nthe tasks',
      'text/html': '<p>Points are random.</p><b>the tasks</b>',
      [SESSION_MIME]: { ...SAID, view: 'tasks', tasks: ['a'], above, over: true }
    }
  ]);
});

/** A cell as two clients of one document have it: each has a copy, which hears of the other's changes. */
async function clients(): Promise<CodeCellModel[]> {
  const output = {
    output_type: 'display_data',
    data: { 'text/plain': 'under way', 'text/html': '<b>under way</b>', [SESSION_MIME]: SAID },
    metadata: {}
  };
  const [one, other] = [new YNotebook(), new YNotebook()];
  const hear = (from: YNotebook, to: YNotebook) =>
    from.ydoc.on('update', (change: Uint8Array, origin: unknown) => {
      if (origin !== REMOTE) {
        queueMicrotask(() => applyUpdate(to.ydoc, change, REMOTE));
      }
    });
  hear(one, other);
  hear(other, one);
  one.addCell({ cell_type: 'code', source: '%saturn run', outputs: [output] as never });
  await heard();
  return [one, other].map(({ cells: [cell] }) => new CodeCellModel({ sharedModel: cell as YCodeCell }));
}

/** Until what one has written came to the other. */
const heard = () => new Promise(resolve => setTimeout(resolve));

const outputOf = (cell: CodeCellModel): IOutputModel => cell.outputs.get(0);

it('is kept in the document, where every client finds it', async () => {
  const [one, other] = await clients();
  keepPicture(outputOf(one!), { text: 'the end', html: '<b>the end</b>' });
  await heard();
  const [saved] = one!.sharedModel.getOutputs();
  expect(saved).toMatchObject({ data: { 'text/html': '<b>the end</b>' } });
  expect(pictureData(outputOf(other!))).toEqual({ ...SAID, over: true });
});

it('is kept once by clients that look before, as it is told that all is over', async () => {
  const [one, other] = await clients();
  for (const client of [one, other]) {
    if (isOutOfDate(pictureData(outputOf(client!)), finishedState())) {
      keepPicture(outputOf(client!), { text: 'the end', html: '<b>the end</b>' });
    }
    await heard();
  }
  expect(other!.sharedModel.getOutputs()).toEqual(one!.sharedModel.getOutputs());
  expect(one!.sharedModel.getOutputs()).toHaveLength(1);
});
