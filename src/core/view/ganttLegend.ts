import { FONT_SIZE, type IGanttInput, type ILegendItem } from './ganttModel.js';
import { textWidth } from './textFit.js';

/** Width of a swatch, in pixels. */
export const SWATCH = 18;

/** Legend in lines under the chart: what the colours mean, when there is more than one, then the techniques. */
export function ganttLegend(
  input: IGanttInput,
  place: { x: number; right: number; y: number }
): ILegendItem[] {
  const groups = input.groups ?? [];
  const used = new Set(input.bars.map(bar => bar.colour));
  const techniques = [...new Set(input.bars.flatMap(bar => bar.technique ?? []))].sort();
  const entries = [
    ...(groups.length > 1
      ? groups.map((text, colour) => ({ kind: 'colour' as const, text, colour, technique: '' }))
      : []
    ).filter(entry => used.has(entry.colour)),
    ...techniques.map(technique => ({ kind: 'texture' as const, text: technique, colour: 0, technique }))
  ];
  let x = place.x;
  let y = place.y;
  return entries.map(entry => {
    const width = SWATCH + 5 + textWidth(entry.text, FONT_SIZE) + 12;
    if (x > place.x && x + width > place.right) {
      x = place.x;
      y += 18;
    }
    const item = { ...entry, x, y };
    x += width;
    return item;
  });
}
