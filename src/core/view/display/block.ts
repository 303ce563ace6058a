import type { PlanStep } from '../../wire/messages.js';
import type { ICurveChart } from '../curves/curveChart.js';
import type { IPictureSize } from '../curves/curveSvg.js';
import type { ITaskFailure } from '../format/failures.js';
import type { IList } from '../format/list.js';
import type { Remarks } from '../format/remarks.js';
import type { ITable } from '../format/table.js';
import type { IGanttBar, IGanttInput } from '../gantt/ganttModel.js';

/** How a sentence is meant. */
export type Look = 'lead' | 'note' | 'muted' | 'warning';

/**
 * A piece of what is shown of a session: what it says, and not how it is drawn. `display` draws it as text and as
 * HTML, the panel by React.
 */
export type Block =
  /** A sentence or a few; words in backticks are code. */
  | { readonly kind: 'sentence'; readonly text: string; readonly look: Look }
  | { readonly kind: 'title'; readonly text: string; readonly under: string }
  | { readonly kind: 'heading'; readonly text: string }
  | { readonly kind: 'table'; readonly table: ITable }
  | { readonly kind: 'list'; readonly list: IList }
  | { readonly kind: 'remarks'; readonly title: string; readonly remarks: Remarks }
  | { readonly kind: 'failures'; readonly failures: readonly ITaskFailure[] }
  /** A schedule; as text a chart for each of these kinds of bars. */
  | { readonly kind: 'chart'; readonly chart: IGanttInput; readonly sections: readonly IGanttBar['kind'][] }
  /** Curves over the steps of training. */
  | { readonly kind: 'curves'; readonly chart: ICurveChart; readonly size: IPictureSize }
  /** How a search went, as a picture; nothing as text. */
  | { readonly kind: 'search'; readonly log: readonly PlanStep[] }
  | { readonly kind: 'fold'; readonly title: string; readonly blocks: readonly Block[] };

/** What a view is made of; pieces that do not apply are `false`. */
export type Blocks = readonly (Block | false)[];

/** The sentence a display begins with. */
export function lead(text: string): Block {
  return sentence(text, 'lead');
}

/** One sentence or a few; words in backticks are code. */
export function sentence(text: string, look: Look = 'note'): Block {
  return { kind: 'sentence', text, look };
}

/** A table. */
export function tableBlock(table: ITable): Block {
  return { kind: 'table', table };
}

/** Curves; nothing when there are none. */
export function curvesBlock(chart: ICurveChart | null, size: IPictureSize): Block | false {
  return chart !== null && { kind: 'curves', chart, size };
}

/** Failures; nothing when there are none. */
export function failuresBlock(failures: readonly ITaskFailure[]): Block | false {
  return failures.length > 0 && { kind: 'failures', failures };
}

/** Remarks under a title; nothing when there are none. */
export function remarksBlock(title: string, remarks: Remarks): Block | false {
  return remarks.size > 0 && { kind: 'remarks', title, remarks };
}
