import type { TranslationBundle } from '@jupyterlab/translation';
import type { ILoggedCurve } from '../../core/view/curves/curveChart.js';
import { failureOf, SaturnError } from '../../core/wire/failure.js';
import type { ExportFormat, SessionState } from '../../core/wire/messages.js';
import type { ISessionModel } from '../session/tokens.js';
import { saveBlob } from './saveBlob.js';

/** What a page can write: what the engine can, and pixels. */
export type PageFormat = ExportFormat | 'png';

/** In the order of menus. */
export const PAGE_FORMATS: readonly PageFormat[] = ['html', 'svg', 'png', 'csv', 'json'];

/** Points of a curve in a report. */
const POINTS = 300;

/** Pixels of a picture for each of the chart's own, so that it is sharp in print. */
const SCALE = 2;

/** Whether a session has what a format holds. */
export function isExportable(format: PageFormat, state: SessionState | null): boolean {
  switch (format) {
    case 'html':
    case 'csv':
      return state !== null && state.tasks.length > 0;
    case 'json':
      return state?.plan !== undefined;
    case 'svg':
    case 'png':
      return state?.plan !== undefined || (state?.tasks.some(task => task.attempts.length > 0) ?? false);
  }
}

/** What a format is called in a menu. */
export function formatLabel(format: PageFormat, trans: TranslationBundle): string {
  return {
    html: trans.__('Report as HTML'),
    svg: trans.__('Schedule as SVG'),
    png: trans.__('Schedule as PNG'),
    csv: trans.__('Tasks as CSV'),
    json: trans.__('Plan as JSON')
  }[format];
}

/**
 * Have the browser save a session as a file. A failure ends in the session's `view`.
 *
 * @param now - seconds since the epoch.
 */
export async function exportSession(
  session: ISessionModel,
  format: PageFormat,
  now: number,
  trans: TranslationBundle
): Promise<void> {
  const { state } = session.view;
  if (!state) {
    return;
  }
  try {
    // Most never export anything.
    const { exportedFile } = await import('../../core/view/export/exportedFile.js');
    const curves = format === 'html' ? await bestCurves(session, state) : [];
    const { name, type, text } = exportedFile(format === 'png' ? 'svg' : format, state, now, trans, curves);
    const blob = new Blob([text], { type });
    if (format === 'png') {
      saveBlob(await pixels(blob, trans), name.replace(/svg$/, 'png'));
    } else {
      saveBlob(blob, name);
    }
  } catch (error) {
    session.report(failureOf(error));
  }
}

/** What the best tasks have logged, for a report; nothing where the engine is out of reach. */
async function bestCurves(session: ISessionModel, state: SessionState): Promise<ILoggedCurve[]> {
  const { ranking } = await import('../../core/view/results/criterion.js');
  const { BEST_CURVES } = await import('../../core/view/results/bestCurves.js');
  const tasks = ranking(state.tasks)
    .slice(0, BEST_CURVES)
    .map(({ spec }) => spec.name);
  if (tasks.length === 0) {
    return [];
  }
  try {
    const answer = await session.request('curves.read', { tasks, metric: 'loss', points: POINTS });
    return answer.type === 'curves' ? answer.body.curves.map(curve => ({ metric: 'loss', curve })) : [];
  } catch {
    return []; // the report is of use without them
  }
}

/** A picture of pixels of an SVG. */
async function pixels(svg: Blob, trans: TranslationBundle): Promise<Blob> {
  const address = URL.createObjectURL(svg);
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = image.naturalWidth * SCALE;
    canvas.height = image.naturalHeight * SCALE;
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const drawn = await new Promise<Blob | null>(resolve => canvas.toBlob(resolve, 'image/png'));
    if (drawn === null) {
      throw new SaturnError({
        code: 'no-picture',
        message: trans.__('The browser could not draw the schedule as PNG: it is too large.'),
        hint: trans.__('Export it as SVG.')
      });
    }
    return drawn;
  } finally {
    URL.revokeObjectURL(address);
  }
}
