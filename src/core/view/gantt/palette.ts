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

/** A tile drawn over a bar, so that techniques differ by more than colour. */
export interface ITexture {
  readonly size: number;
  /** Path data, stroked; its round caps make dots of zero-length lines. */
  readonly path: string;
  readonly strokeWidth: number;
}

const TEXTURES: Record<string, ITexture | null> = {
  single: null,
  ddp: { size: 8, path: 'M-2 2L2 -2M0 8L8 0M6 10L10 6', strokeWidth: 1.5 },
  fsdp: { size: 6, path: 'M1.5 1.5h0M4.5 4.5h0', strokeWidth: 1.8 },
  pipeline: { size: 7, path: 'M3.5 0V7', strokeWidth: 1.5 },
  tensor: { size: 6, path: 'M0 3H6', strokeWidth: 1.5 },
  offload: { size: 8, path: 'M0 0L8 8M0 8L8 0', strokeWidth: 1 }
};

const OTHER: ITexture = { size: 8, path: 'M-2 6L2 10M0 0L8 8M6 -2L10 2', strokeWidth: 1.5 };

/** Texture of a technique: none for `single`, one for all techniques of the user's own. */
export function textureOf(technique: string): ITexture | null {
  return Object.hasOwn(TEXTURES, technique) ? (TEXTURES[technique] as ITexture | null) : OTHER;
}
