import { BUILT_IN_TECHNIQUES, type ITexture } from '../../wire/techniqueCatalogue.js';

/** A data colour and the text colour that reads on it. */
export interface IColour {
  readonly fill: string;
  readonly ink: '#ffffff' | '#000000';
}

/**
 * Colours of task groups. Found by search in OKLab: far apart for normal, protan, deutan and tritan sight
 * (simulated after Machado et al. 2009), text on each at 4.5:1 or more, each at 3:1 or more on white and on #111.
 */
export const PALETTE: readonly IColour[] = [
  { fill: '#457cfd', ink: '#000000' },
  { fill: '#c8741d', ink: '#000000' },
  { fill: '#bb1664', ink: '#ffffff' },
  { fill: '#949478', ink: '#000000' },
  { fill: '#7d40c8', ink: '#ffffff' },
  { fill: '#3a6f92', ink: '#ffffff' },
  { fill: '#c278c9', ink: '#000000' },
  { fill: '#8f5d04', ink: '#ffffff' }
];

/** Colour of a group by number; numbers beyond the palette start again. */
export function colourOf(index: number): IColour {
  return PALETTE[((Math.trunc(index) % PALETTE.length) + PALETTE.length) % PALETTE.length] as IColour;
}

/** Of what no file of the package tells one. */
const OTHER: ITexture = { size: 8, path: 'M-2 6L2 10M0 0L8 8M6 -2L10 2', stroke: 1.5 };

/** Texture of a technique: none for `single`, one for all that do not come with the package. */
export function textureOf(technique: string): ITexture | null {
  const known = BUILT_IN_TECHNIQUES.get(technique);
  return known === undefined ? OTHER : known.texture;
}
