import { describe, expect, it } from 'vitest';
import { colourOf, PALETTE } from '../../../../src/core/view/gantt/palette.js';

/** Relative luminance and contrast as WCAG 2.2 defines them. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map(i => {
    const c = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

describe('PALETTE', () => {
  it.each(PALETTE)('$fill carries its text and stands out from light and dark pages', ({ fill, ink }) => {
    expect(contrast(fill, ink)).toBeGreaterThanOrEqual(4.5);
    expect(contrast(fill, '#ffffff')).toBeGreaterThanOrEqual(3);
    expect(contrast(fill, '#111111')).toBeGreaterThanOrEqual(3);
  });

  it('starts again after its last colour', () => {
    expect(colourOf(PALETTE.length + 1)).toBe(PALETTE[1]);
    expect(colourOf(-1)).toBe(PALETTE.at(-1));
  });
});
