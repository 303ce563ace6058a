import { dashOf } from './curvePaths.js';

/** A piece of a line, as it is drawn in the chart. */
export function DashMark({ colour, dash }: { colour: string | undefined; dash: number }) {
  return (
    <svg className="jp-SaturnLegend-mark" width="20" height="8" aria-hidden="true">
      <line
        x1="0"
        y1="4"
        x2="20"
        y2="4"
        stroke={colour}
        strokeWidth="2.5"
        strokeDasharray={dashOf(dash).join(' ')}
      />
    </svg>
  );
}
