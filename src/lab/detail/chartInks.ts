/** Whether the reader's system has colours of its own take the place of a page's. A canvas has to see to that itself. */
export const FORCED_COLOURS = '(forced-colors: active)';

/** With what a canvas is drawn, besides the colours of what it shows. */
export interface IChartInks {
  readonly ink: string;
  readonly grid: string;
  readonly paper: string;
  readonly font: string;
}

/** Those of the theme, as they are now in an element; of the system, where that forces its own. */
export function chartInks(host: Element): IChartInks {
  const style = getComputedStyle(host);
  const own = (name: string, otherwise: string) => style.getPropertyValue(name).trim() || otherwise;
  const font = `11px ${own('--jp-ui-font-family', 'sans-serif')}`;
  return matchMedia(FORCED_COLOURS).matches
    ? { ink: 'CanvasText', grid: 'GrayText', paper: 'Canvas', font }
    : {
        ink: own('--jp-ui-font-color1', '#000'),
        grid: own('--jp-border-color2', '#ddd'),
        paper: own('--jp-layout-color1', '#fff'),
        font
      };
}
