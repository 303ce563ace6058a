/**
 * Look of all displays. It travels inside each, so that a saved notebook looks right where the extension's own
 * CSS is not; JupyterLab's theme variables carry literals for places that do not know them. State colours are mixed
 * with the text colour, since a theme's own are too light to be read as text.
 */
export const STYLESHEET = `
.jp-saturn{background:var(--jp-layout-color0,#ffffff);color:var(--jp-ui-font-color1,#212121);font-family:var(--jp-ui-font-family,system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif);font-size:13px;line-height:1.45;padding:4px 8px 8px}
.jp-saturn .jp-saturn-lead{margin:4px 0;font-size:14px}
.jp-saturn .jp-saturn-note{margin:4px 0}
.jp-saturn .jp-saturn-muted{color:var(--jp-ui-font-color2,#616161)}
.jp-saturn .jp-saturn-good{color:color-mix(in srgb,var(--jp-success-color0,#1b5e20) 60%,var(--jp-ui-font-color0,#000000))}
.jp-saturn .jp-saturn-bad{color:color-mix(in srgb,var(--jp-error-color0,#b71c1c) 60%,var(--jp-ui-font-color0,#000000))}
.jp-saturn .jp-saturn-warning{color:color-mix(in srgb,var(--jp-warn-color0,#e65100) 60%,var(--jp-ui-font-color0,#000000))}
.jp-saturn .jp-saturn-active{color:var(--jp-content-link-color,#0d47a1)}
.jp-saturn .jp-saturn-spoken{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.jp-saturn .jp-saturn-scroll{overflow-x:auto;margin:8px 0}
.jp-saturn table.jp-saturn-table{border:none;border-collapse:collapse;margin:0;font-size:12px;table-layout:auto}
.jp-saturn .jp-saturn-table caption{caption-side:top;text-align:left;padding:0 0 4px;font-weight:600;color:inherit}
.jp-saturn .jp-saturn-table .jp-saturn-cell{border:none;border-bottom:1px solid var(--jp-border-color2,#e0e0e0);padding:4px 12px 4px 0;text-align:left;vertical-align:top;max-width:none;font-weight:normal;white-space:nowrap}
.jp-saturn .jp-saturn-table thead .jp-saturn-cell{color:var(--jp-ui-font-color2,#616161);border-bottom-color:var(--jp-border-color1,#bdbdbd);vertical-align:bottom}
.jp-saturn .jp-saturn-table .jp-saturn-number{text-align:right;font-variant-numeric:tabular-nums}
.jp-saturn .jp-saturn-table .jp-saturn-best{font-weight:600}
.jp-saturn .jp-saturn-table .jp-saturn-heading{padding-top:12px;font-weight:600}
.jp-saturn .jp-saturn-table tfoot td{text-align:left;padding:4px 0;color:var(--jp-ui-font-color2,#616161)}
.jp-saturn progress{width:7em;height:8px;margin-right:8px;vertical-align:middle;accent-color:var(--jp-brand-color1,#1976d2)}
.jp-saturn details{margin:4px 0}
.jp-saturn summary{cursor:pointer}
.jp-saturn details ul,.jp-saturn .jp-saturn-list{margin:4px 0;padding-left:20px}
.jp-saturn pre.jp-saturn-traceback{margin:4px 0;padding:8px;overflow-x:auto;background:var(--jp-layout-color2,#f5f5f5);color:inherit;font-family:var(--jp-code-font-family,Menlo,Consolas,'DejaVu Sans Mono',monospace);font-size:12px;line-height:1.35;white-space:pre}
.jp-saturn code{font-family:var(--jp-code-font-family,Menlo,Consolas,'DejaVu Sans Mono',monospace);font-size:0.95em;background:var(--jp-layout-color2,#f5f5f5);color:inherit;padding:1px 3px}
.jp-saturn svg.jp-saturn-gantt{display:block;margin:8px 0}
`;
