export { barSvg, barTextSvg } from './ganttBarSvg.js';
export { ganttEnd, type IGanttLayoutOptions, layoutGantt } from './ganttLayout.js';
export type * from './ganttModel.js';
export { barStateWords, SECTIONS } from './ganttModel.js';
export { dragged, type IGanttDrag, type IGanttMove, stepped } from './ganttMove.js';
export { ganttFrame, ganttLayers, ganttSvg, partName } from './ganttSvg.js';
export { type IMinimapShape, MINIMAP, minimapShapes } from './minimap.js';
export { isSamePlaced } from './samePlaced.js';
export { panned, revealed, spanning, spanOf, type TimeWindow, zoomed } from './timeWindow.js';
