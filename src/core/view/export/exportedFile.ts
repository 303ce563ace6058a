import type { ITranslation } from '../../model/translation.js';
import { SaturnError } from '../../wire/failure.js';
import type { ExportFormat, SessionState } from '../../wire/messages.js';
import type { ILoggedCurve } from '../curves/curveChart.js';
import { fileName } from '../format/fileName.js';
import { ganttSvg, layoutGantt } from '../gantt/gantt.js';
import { sessionGantt } from '../gantt/sessionGantt.js';
import { render } from '../render.js';
import { tasksCsv } from './tasksCsv.js';

/** Width of a schedule in a file, in pixels. */
const CHART_WIDTH = 1200;

/** What a session is written into. */
export interface IExportedFile {
  /** What it may be called, without a folder. */
  readonly name: string;
  /** MIME type. */
  readonly type: string;
  readonly text: string;
}

/** What each format holds, as part of a file's name. */
const CONTENT: Record<ExportFormat, readonly [content: string, type: string]> = {
  html: ['report', 'text/html'],
  svg: ['schedule', 'image/svg+xml'],
  csv: ['tasks', 'text/csv'],
  json: ['plan', 'application/json']
};

/**
 * A session as a file that works alone.
 *
 * @param now - seconds since the epoch.
 * @param curves - of what the best tasks have logged, for the report.
 * @throws SaturnError `nothing-to-export` when there is no plan or no task that it would hold.
 */
export function exportedFile(
  format: ExportFormat,
  state: SessionState,
  now: number,
  trans: ITranslation,
  curves: readonly ILoggedCurve[] = []
): IExportedFile {
  const [content, type] = CONTENT[format];
  return { name: fileName(state, content, format), type, text: textOf(format, state, now, trans, curves) };
}

function textOf(
  format: ExportFormat,
  state: SessionState,
  now: number,
  trans: ITranslation,
  curves: readonly ILoggedCurve[]
): string {
  switch (format) {
    case 'html':
      return render('report', state, now, trans, undefined, curves).html;
    case 'svg': {
      const chart = sessionGantt(state, now, trans);
      if (chart === null) {
        throw nothing(
          trans.__('Nothing is planned and nothing was trained yet, so there is no schedule.'),
          trans
        );
      }
      return `<?xml version="1.0" encoding="UTF-8"?>\n${ganttSvg(layoutGantt(chart, trans, { width: CHART_WIDTH }))}\n`;
    }
    case 'csv':
      if (state.tasks.length === 0) {
        throw nothing(trans.__('There are no tasks yet.'), trans);
      }
      return tasksCsv(state);
    case 'json':
      if (state.plan === undefined) {
        throw nothing(trans.__('There is no plan yet.'), trans);
      }
      return `${JSON.stringify(state.plan.plan, null, 1)}\n`;
  }
}

function nothing(message: string, trans: ITranslation): SaturnError {
  return new SaturnError({
    code: 'nothing-to-export',
    message,
    hint: trans.__('Make tasks and a plan first, with `%saturn plan`; or export the report as HTML.')
  });
}
