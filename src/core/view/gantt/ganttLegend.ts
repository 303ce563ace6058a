import type { ITranslation } from '../../model/translation.js';
import { FONT_SIZE, type IGanttBar, type IGanttInput, type ILegendItem } from './ganttModel.js';
import { fitText, textWidth } from './textFit.js';

/** Width of a swatch, in pixels. */
export const SWATCH = 18;

/** Room between a swatch and its name, and between entries, in pixels. */
const GAP = 5;
const SPACE = 12;

/** What marks mean that are not explained where they are. */
const marks = (trans: ITranslation) =>
  [
    {
      kind: 'overhead',
      text: trans.__('start, checkpoint'),
      is: (bar: IGanttBar): boolean => (bar.overhead ?? 0) > 0
    },
    { kind: 'pinned', text: trans.__('pinned'), is: (bar: IGanttBar): boolean => bar.pinned === true }
  ] as const;

/**
 * Legend in lines under the chart: what the colours mean, when there is more than one, then the techniques, then
 * marks. An entry too long for a line is cut short.
 */
export function ganttLegend(
  input: IGanttInput,
  trans: ITranslation,
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
    ...techniques.map(technique => ({ kind: 'texture' as const, text: technique, colour: 0, technique })),
    ...marks(trans)
      .filter(({ is }) => input.bars.some(is))
      .map(({ kind, text }) => ({
        ...{ kind, text },
        ...{ colour: 0, technique: '' }
      }))
  ];
  const most = place.right - place.x - SWATCH - GAP;
  let x = place.x;
  let y = place.y;
  return entries.map(entry => {
    const text = fitText(entry.text, most, FONT_SIZE);
    const width = SWATCH + GAP + textWidth(text, FONT_SIZE) + SPACE;
    if (x > place.x && x + width - SPACE > place.right) {
      x = place.x;
      y += 18;
    }
    const item = { ...entry, text, x, y };
    x += width;
    return item;
  });
}
