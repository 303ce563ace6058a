export { type IGanttLayoutOptions, layoutGantt } from './ganttLayout.js';
export type * from './ganttModel.js';
export { barStateWords, SECTIONS } from './ganttModel.js';
export { dragged, type IGanttDrag, type IGanttMove, stepped } from './ganttMove.js';
export { ganttSvg, type IGanttSvgOptions } from './ganttSvg.js';
export { panned, revealed, spanning, spanOf, type TimeWindow, zoomed } from './timeWindow.js';
