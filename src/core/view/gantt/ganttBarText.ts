import type { ITranslation } from '../../model/translation.js';
import { barStateWords, FONT_SIZE, type IGanttBar, type IPlacedText, type IRect } from './ganttModel.js';
import { fitText, textWidth } from './textFit.js';

/** The sign of a state before the label, and whether words follow it where they fit; none for the usual one. */
const SIGNS: Partial<Record<NonNullable<IGanttBar['state']>, readonly [sign: string, isTold: boolean]>> = {
  failed: ['✕', true],
  oom: ['✕', true],
  lost: ['✕', true],
  stopped: ['■', true],
  left: ['↷', false],
  starting: ['…', false],
  running: ['▸', false]
};

/** Room left free at either end of a text, in pixels. */
const PADDING = 4;

/** Nothing fits in less, in pixels: not the narrowest of characters. */
const LEAST_WIDTH = 2 * PADDING + FONT_SIZE / 3;

/**
 * What is written in a bar's rectangle: name and note on two lines or on one, or the name alone, in full or in
 * brief; turned upright where only that fits; else the beginning of the brief name, or its mark, or nothing.
 */
export function barTexts(bar: IGanttBar, rect: IRect, trans: ITranslation): IPlacedText[] {
  const room = rect.width - 2 * PADDING;
  const middle = rect.y + rect.height / 2 + FONT_SIZE * 0.36;
  const at = (text: string, y = middle): IPlacedText => ({ x: rect.x + PADDING, y, text, anchor: 'start' });
  if (rect.height < FONT_SIZE || rect.width < LEAST_WIDTH) {
    return [];
  }
  const { long, short } = stateMarks(bar, trans);
  const names = [long + bar.label, short + bar.label, short + (bar.brief ?? bar.label)];
  const name = names.find(wording => textWidth(wording, FONT_SIZE) <= room);
  if (name === undefined) {
    const upright = rect.width >= FONT_SIZE + PADDING ? uprightText(bar, names, rect) : undefined;
    // Not of the name in full, which begins alike for all bars of a colour.
    const start = fitText(names[2] as string, room, FONT_SIZE) || fitText(short.trim(), room, FONT_SIZE);
    return upright ? [upright] : start === '' ? [] : [at(start)];
  }
  if (bar.note === undefined) {
    return [at(name)];
  }
  if (rect.height >= 2.6 * FONT_SIZE && textWidth(bar.note, FONT_SIZE) <= room) {
    return [at(name, middle - FONT_SIZE * 0.65), at(bar.note, middle + FONT_SIZE * 0.65)];
  }
  const both = `${name} · ${bar.note}`;
  return [at(name.endsWith(bar.label) && textWidth(both, FONT_SIZE) <= room ? both : name)];
}

/** What the state of a bar adds before its label, in full and in short. */
function stateMarks({ state }: IGanttBar, trans: ITranslation): { long: string; short: string } {
  const [sign, isTold] = (state !== undefined && SIGNS[state]) || [];
  if (state === undefined || sign === undefined) {
    return { long: '', short: '' };
  }
  const short = `${sign} `;
  return { long: isTold ? `${short}${barStateWords(state, trans)}: ` : short, short };
}

function uprightText(bar: IGanttBar, names: readonly string[], rect: IRect): IPlacedText | undefined {
  const wordings = [...(bar.note === undefined ? [] : [`${names[0]} · ${bar.note}`]), ...names];
  const text = wordings.find(wording => textWidth(wording, FONT_SIZE) <= rect.height - 2 * PADDING);
  return text === undefined
    ? undefined
    : {
        x: rect.x + rect.width / 2 + FONT_SIZE * 0.36,
        y: rect.y + rect.height / 2,
        text,
        anchor: 'middle',
        upright: true
      };
}
