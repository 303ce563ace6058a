import { describe, expect, it } from 'vitest';
import { type IGanttBar, MINIMAP, minimapShapes } from '../../../../src/core/view/gantt/gantt.js';

const rows = ['a', 'b'].map(key => ({ key, label: key }));

function bar(
  id: string,
  keys: string[],
  start: number,
  end: number,
  part: Partial<IGanttBar> = {}
): IGanttBar {
  return { id, task: id, label: id, rows: keys, start, end, kind: 'planned', colour: 0, detail: '', ...part };
}

describe('minimapShapes', () => {
  it('is one shape for all bars of a colour in a part, planned above actual', () => {
    const bars = [
      bar('one', ['a'], 0, 50),
      bar('two', ['a', 'b'], 50, 100),
      bar('three', ['b'], 0, 50, { colour: 1 }),
      bar('four', ['a'], 0, 25, { kind: 'actual' }),
      bar('five', ['a'], 0, 25, { kind: 'baseline' })
    ];
    const shapes = minimapShapes({ title: '', rows, bars }, 100);
    expect(shapes.map(({ kind, path }) => [kind, path.match(/M/g)?.length])).toEqual([
      ['planned', 3],
      ['planned', 1],
      ['actual', 1]
    ]);
    expect(shapes[2]?.path).toBe('M0 13H250v4H0z');
  });

  it('shows a bar of no length, and nothing beyond the end', () => {
    const [shape] = minimapShapes(
      { title: '', rows, bars: [bar('one', ['a'], 5, 5), bar('two', ['a'], 90, 500)] },
      100
    );
    expect(shape?.path).toContain('M50 1H51');
    expect(shape?.path).toContain(`M900 1H${MINIMAP.width}`);
  });
});
