export { barSvg, barTextSvg } from './ganttBarSvg.js';
export { type IGanttLayoutOptions, layoutGantt } from './ganttLayout.js';
export type * from './ganttModel.js';
export { barStateWords, SECTIONS } from './ganttModel.js';
export { dragged, type IGanttDrag, type IGanttMove, stepped } from './ganttMove.js';
export { ganttFrame, ganttLayers, ganttSvg, partName } from './ganttSvg.js';
export { isSamePlaced } from './samePlaced.js';
export { panned, revealed, spanning, spanOf, type TimeWindow, zoomed } from './timeWindow.js';
