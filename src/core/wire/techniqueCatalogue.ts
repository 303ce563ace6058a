import techniques from './generated/techniques.json' with { type: 'json' };

/** A tile drawn over the bars of a technique, so that techniques differ by more than colour. */
export interface ITexture {
  /** Side of the tile, in pixels. */
  readonly size: number;
  /** Path data, stroked; its round caps make dots of zero-length lines. */
  readonly path: string;
  /** Width of the lines, in pixels. */
  readonly stroke: number;
}

/** A technique that comes with the package, as its Python file tells. */
export interface IBuiltInTechnique {
  readonly name: string;
  /** What it is, in a line. */
  readonly summary: string;
  readonly texture: ITexture | null;
  /** Whether its ranks may be on several nodes. */
  readonly spans: boolean;
}

/** The techniques that come with the package by name, in the order of lists. */
export const BUILT_IN_TECHNIQUES: ReadonlyMap<string, IBuiltInTechnique> = new Map(
  (techniques as IBuiltInTechnique[]).map(technique => [technique.name, technique])
);
