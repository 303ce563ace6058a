import { type PointerEvent, useRef, useState } from 'react';
import { fitText } from '../../core/view/gantt/textFit.js';
import { type Brush, type IAxis, placeOn } from '../../core/view/parameters/brushes.js';
import { useDashboardContext, useSelectedTasks } from '../context/dashboardContext.js';
import { useElementWidth } from './elementWidth.js';
import { clamped, type IParameterChart, LEAST_BRUSH, ROOM } from './parameterChart.js';
import { useTaskColours } from './taskColours.js';

const HEIGHT = 260;
const REACH = HEIGHT - ROOM.top - ROOM.bottom;

/** Half the width in which an axis is taken hold of, in pixels. */
const HOLD = 14;

/** More lines are not elements of their own: a page slows down by these. */
const MOST_SINGLE = 60;

/** Axes are no nearer to each other, in pixels: where they do not fit, one scrolls. */
const LEAST_BETWEEN = 88;

/** Of an axis's name: the size of its font, which is bold, and the room to the next one, in pixels. */
const NAME_SIZE = 11;
const NAME_GAP = 6;

/** Longest text beside an axis, in characters. */
const MOST_TEXT = 14;

/** An axis for each parameter and a line for each task: parallel coordinates. */
export function ParallelChart(props: IParameterChart) {
  const { trans } = useDashboardContext();
  const { axes, tasks, givenUp, brushes, onBrush } = props;
  const [host, width] = useElementWidth(500);
  const selected = useSelectedTasks();
  const colours = useTaskColours(tasks);
  const between = Math.max(LEAST_BETWEEN, (width - ROOM.left - ROOM.right) / Math.max(1, axes.length - 1));
  const whole = ROOM.left + ROOM.right + between * (axes.length - 1);
  const left = (i: number) => ROOM.left + i * between;
  const chosen = new Set(selected);
  const metric = axes.at(-1);
  // Beside those that were given up, what nothing is known of yet would look like the best.
  const isBehind = (task: string) =>
    givenUp.has(task) || (givenUp.size > 0 && metric !== undefined && placeOn(metric, task) === undefined);
  const isChoosing = tasks.some(task => chosen.has(task));
  const lines = (some: readonly string[], look: string) =>
    bundles(some, colours).map(({ names, colour }) => (
      <path
        key={`${names[0]} ${look}`}
        d={names.map(task => pathOf(task, axes, left)).join('')}
        stroke={colour}
        className={look}
        data-tasks={names.length}
      >
        {names.length === 1 && <title>{names[0]}</title>}
      </path>
    ));
  return (
    <div ref={host} className="jp-SaturnParallel">
      <svg
        width={axes.length > 1 ? whole : width}
        height={HEIGHT}
        role="img"
        aria-label={trans.__('Tasks by their parameters')}
      >
        <g fill="none">
          {lines(
            tasks.filter(task => !chosen.has(task) && isBehind(task)),
            isChoosing ? 'jp-mod-faint' : 'jp-mod-given-up'
          )}
          {lines(
            tasks.filter(task => !chosen.has(task) && !isBehind(task)),
            isChoosing ? 'jp-mod-faint' : givenUp.size > 0 ? 'jp-mod-strong' : ''
          )}
          {lines(
            tasks.filter(task => chosen.has(task)),
            'jp-mod-chosen'
          )}
        </g>
        {axes.map((axis, i) => (
          <Axis
            key={axis.dimension.id}
            axis={axis}
            left={left(i)}
            isLast={i === axes.length - 1}
            room={i === axes.length - 1 ? 2 * ROOM.right : between}
            brush={brushes.get(axis.dimension.id) ?? null}
            onBrush={brush => onBrush([[axis.dimension.id, brush]])}
          />
        ))}
      </svg>
    </div>
  );
}

/** Tasks that are drawn as one element: each by itself while they are few, else all of a colour. */
function bundles(
  tasks: readonly string[],
  colours: ReadonlyMap<string, string>
): { names: readonly string[]; colour: string | undefined }[] {
  if (tasks.length <= MOST_SINGLE) {
    return tasks.map(task => ({ names: [task], colour: colours.get(task) }));
  }
  const byColour = new Map<string | undefined, string[]>();
  for (const task of tasks) {
    const colour = colours.get(task);
    const same = byColour.get(colour) ?? [];
    same.push(task);
    byColour.set(colour, same);
  }
  return [...byColour].map(([colour, names]) => ({ names, colour }));
}

const height = (place: number): number => ROOM.top + (1 - place) * REACH;

/** A line through all axes; it is broken where a task has no value. */
function pathOf(task: string, axes: readonly IAxis[], left: (i: number) => number): string {
  let isDrawing = false;
  return axes
    .map((axis, i) => {
      const place = placeOn(axis, task);
      const order = isDrawing ? 'L' : 'M';
      isDrawing = place !== undefined;
      return place === undefined ? '' : `${order}${left(i).toFixed(1)} ${height(place).toFixed(1)}`;
    })
    .join('');
}

function Axis(props: {
  axis: IAxis;
  left: number;
  isLast: boolean;
  /** For its name, in pixels. */
  room: number;
  brush: Brush | null;
  onBrush: (brush: Brush | null) => void;
}) {
  const { trans } = useDashboardContext();
  const { axis, left, isLast, room, brush, onBrush } = props;
  const { dimension, scale } = axis;
  const name = scale.kind === 'log' ? trans.__('%1 (log)', dimension.label) : dimension.label;
  const start = useRef<number | null>(null);
  const [drag, setDrag] = useState<Brush | null>(null);
  const placeAt = (event: PointerEvent<SVGRectElement>) => {
    const { top } = event.currentTarget.getBoundingClientRect();
    return clamped(1 - (event.clientY - top) / REACH);
  };
  const shown = drag ?? brush;
  const [from, to] = shown ? [Math.min(...shown), Math.max(...shown)] : [0, 0];
  return (
    <g data-axis={dimension.id} className="jp-SaturnAxis">
      <line x1={left} x2={left} y1={ROOM.top} y2={ROOM.top + REACH} />
      {scale.ticks.map(({ at, label }) => (
        <text
          key={label}
          x={isLast ? left + 6 : left - 6}
          y={height(at) + 4}
          textAnchor={isLast ? 'start' : 'end'}
        >
          {label.length > MOST_TEXT ? `${label.slice(0, MOST_TEXT - 1)}…` : label}
          <title>{label}</title>
        </text>
      ))}
      <text x={left} y={14} textAnchor="middle" className="jp-SaturnAxis-name">
        {fitText(name, room - NAME_GAP, NAME_SIZE)}
        <title>{name}</title>
      </text>
      {shown && (
        <rect
          className="jp-SaturnAxis-brush"
          x={left - 6}
          width={12}
          y={height(to)}
          height={Math.max(2, (to - from) * REACH)}
        />
      )}
      <rect
        className="jp-SaturnAxis-hold"
        x={left - HOLD}
        width={2 * HOLD}
        y={ROOM.top}
        height={REACH}
        onPointerDown={event => {
          event.currentTarget.setPointerCapture?.(event.pointerId);
          start.current = placeAt(event);
        }}
        onPointerMove={event => {
          if (start.current !== null) {
            setDrag([start.current, placeAt(event)]);
          }
        }}
        onPointerUp={event => {
          if (start.current !== null) {
            const end = placeAt(event);
            onBrush(Math.abs(end - start.current) < LEAST_BRUSH ? null : [start.current, end]);
          }
          start.current = null;
          setDrag(null);
        }}
        onPointerCancel={() => {
          start.current = null;
          setDrag(null);
        }}
      />
    </g>
  );
}
