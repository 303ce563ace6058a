/** What fills the gaps of a text. */
export type Filling = string | number;

/**
 * Texts in the reader's language, as gettext has them. Every text stands where it is used, in English and as a
 * literal, so that JupyterLab's tools find it; a bundle of JupyterLab's translator is an `ITranslation`.
 */
export interface ITranslation {
  /** A text: `%1` is the first filling, `%2` the second; `%%` is a percent sign. */
  __(text: string, ...fillings: Filling[]): string;
  /** The text that goes with a number: `%1` is the number as it is, `%2` the first filling. */
  _n(one: string, many: string, number: number, ...fillings: Filling[]): string;
}

/** The texts as they stand in the code: what the engine speaks, and a saved display. */
export const ENGLISH: ITranslation = {
  __: (text, ...fillings) => filled(text, fillings),
  _n: (one, many, number, ...fillings) => filled(number === 1 ? one : many, [number, ...fillings])
};

function filled(text: string, fillings: readonly Filling[]): string {
  return text.replace(/%(%|\d+)/g, (_, gap: string) =>
    gap === '%' ? '%' : String(fillings[Number(gap) - 1])
  );
}
