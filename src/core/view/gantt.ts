export { layoutGantt } from './ganttLayout.js';
export type * from './ganttModel.js';
export { ganttSvg, type IGanttSvgOptions } from './ganttSvg.js';
