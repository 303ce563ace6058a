import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { dragged, type IGanttBar, layoutGantt, stepped } from '../../../../src/core/view/gantt/gantt.js';

const bar = (id: string, rows: string[], start: number, end: number): IGanttBar => ({
  ...{ id, task: id, label: id, rows, start, end, kind: 'planned', colour: 0, detail: '', movable: true }
});
const rows = ['a0', 'a1', 'a2', 'b0', 'b1'].map(key => ({ key, label: key, node: key[0] }));
const layout = layoutGantt(
  {
    title: '',
    rows,
    bars: [bar('one', ['a1'], 40, 80), bar('two', ['a0', 'a1'], 0, 40), bar('wide', ['a2', 'b0'], 0, 100)]
  },
  ENGLISH,
  { width: 600 }
);
const placed = (id: string) => layout.bars.find(({ bar }) => bar.id === id)!;
const height = layout.lanes[0]!.height;

describe('dragged', () => {
  it('stays where it is within a few pixels', () => {
    const { move, by } = dragged(layout, placed('one'), { x: 5, y: height / 3 });
    expect(move).toEqual({ rows: null, start: null });
    expect(by).toEqual({ x: 0, y: 0 });
  });

  it('lands on whole rows', () => {
    const { move, by } = dragged(layout, placed('one'), { x: 0, y: height * 0.8 });
    expect(move).toEqual({ rows: ['a2'], start: null });
    expect(by.y).toBe(height);
    expect(dragged(layout, placed('one'), { x: 0, y: 99 * height }).move.rows).toEqual(['b1']);
    expect(dragged(layout, placed('one'), { x: 0, y: -99 * height }).move.rows).toEqual(['a0']);
  });

  it('keeps a bar of several rows on one node', () => {
    const land = (lanes: number) => dragged(layout, placed('two'), { x: 0, y: lanes * height }).move.rows;
    expect(land(1)).toEqual(['a1', 'a2']);
    expect(land(2)).toEqual(['a1', 'a2']);
    expect(land(3)).toEqual(['b0', 'b1']);
  });

  it('leaves a bar that spans nodes on its devices', () => {
    const { move } = dragged(layout, placed('wide'), { x: 50, y: 2 * height });
    expect(move.rows).toBeNull();
    expect(move.start).toBeCloseTo(50 * layout.secondsPerPixel);
  });

  it('starts no earlier than the plan', () => {
    const { move, by } = dragged(layout, placed('one'), { x: -5000, y: 0 });
    expect(move.start).toBeCloseTo(0);
    expect(by.x * layout.secondsPerPixel).toBeCloseTo(-40);
  });
});

describe('stepped', () => {
  it('goes to the next rows that will do, and stops at the edge', () => {
    expect(stepped(layout, placed('two'), 'ArrowDown')?.rows).toEqual(['a1', 'a2']);
    expect(stepped(layout, placed('two'), 'ArrowUp')).toBeNull();
    expect(stepped(layout, placed('wide'), 'ArrowDown')).toBeNull();
  });

  it('moves in time by a part of what lies between two time labels', () => {
    const later = stepped(layout, placed('one'), 'ArrowRight')?.start as number;
    expect(later).toBeGreaterThan(40);
    const tick = (layout.ticks[1]!.x - layout.ticks[0]!.x) * layout.secondsPerPixel;
    expect(later - 40).toBeCloseTo(tick / 5);
    expect(stepped(layout, placed('one'), 'ArrowLeft')?.start).toBeCloseTo(40 - tick / 5);
    expect(stepped(layout, placed('two'), 'ArrowLeft')).toBeNull();
  });

  it('knows no other keys', () => {
    expect(stepped(layout, placed('one'), 'Home')).toBeNull();
  });
});
