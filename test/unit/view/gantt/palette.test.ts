import { describe, expect, it } from 'vitest';
import { colourOf, PALETTE, textureOf } from '../../../../src/core/view/gantt/palette.js';
import { BUILT_IN_TECHNIQUES } from '../../../../src/core/wire/techniqueCatalogue.js';

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

describe('textureOf', () => {
  it('gives each technique of the package its own, and those of others one', () => {
    const drawn = [...BUILT_IN_TECHNIQUES.keys(), 'mine'].map(name => JSON.stringify(textureOf(name)));
    expect(new Set(drawn).size).toBe(BUILT_IN_TECHNIQUES.size + 1);
    expect(textureOf('mine')).toBe(textureOf('theirs'));
    expect(textureOf('single')).toBeNull();
  });
});
