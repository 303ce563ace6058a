import { type PointerEvent, useRef, useState } from 'react';
import { type Brush, type IAxis, placeOn } from '../../core/view/parameters/brushes.js';
import { dimensionValue } from '../../core/view/parameters/parameterText.js';
import { useDashboardContext, useSelectedTasks } from '../context/dashboardContext.js';
import { useElementWidth } from './elementWidth.js';
import { clamped, type IParameterChart, LEAST_BRUSH, ROOM } from './parameterChart.js';
import { useTaskColours } from './taskColours.js';

const HEIGHT = 300;
const REACH = HEIGHT - ROOM.top - ROOM.bottom;

/** Where something is: across and up, each from 0 to 1. */
type Spot = readonly [across: number, up: number];

/** A dot for each task: one thing across, another up. */
export function ScatterChart(props: IParameterChart) {
  const { trans } = useDashboardContext();
  const { axes, tasks, givenUp, brushes, onBrush } = props;
  const [host, width] = useElementWidth(500);
  const selected = useSelectedTasks();
  const colours = useTaskColours(tasks);
  const [drag, setDrag] = useState<readonly [Spot, Spot] | null>(null);
  const start = useRef<Spot | null>(null);
  const [across, up] = axes as [IAxis, IAxis];
  const breadth = width - ROOM.left - ROOM.right;
  const x = (place: number) => ROOM.left + place * breadth;
  const y = (place: number) => ROOM.top + (1 - place) * REACH;
  const spotAt = (event: PointerEvent<SVGRectElement>): Spot => {
    const box = event.currentTarget.getBoundingClientRect();
    return [clamped((event.clientX - box.left) / breadth), clamped(1 - (event.clientY - box.top) / REACH)];
  };
  const dragged = drag && ([0, 1] as const).map(i => [drag[0][i], drag[1][i]] as Brush);
  const stretches = dragged ?? axes.map(({ dimension }) => brushes.get(dimension.id));
  const isBrushed = stretches.some(stretch => stretch !== undefined);
  const [a, b] = stretches.map(stretch => stretch ?? ([0, 1] as Brush)) as [Brush, Brush];
  const chosen = new Set(selected);
  const isChoosing = tasks.some(task => chosen.has(task));
  return (
    <div ref={host} className="jp-SaturnScatter">
      <svg
        width={width}
        height={HEIGHT}
        role="img"
        aria-label={trans.__('Tasks by %1 and %2', across.dimension.label, up.dimension.label)}
      >
        <g className="jp-SaturnAxis">
          <line x1={x(0)} x2={x(1)} y1={y(0)} y2={y(0)} />
          <line x1={x(0)} x2={x(0)} y1={y(0)} y2={y(1)} />
          {across.scale.ticks.map(({ at, label }) => (
            <text key={label} x={x(at)} y={y(0) + 14} textAnchor="middle">
              {label}
            </text>
          ))}
          {up.scale.ticks.map(({ at, label }) => (
            <text key={label} x={x(0) - 6} y={y(at) + 4} textAnchor="end">
              {label}
            </text>
          ))}
        </g>
        {isBrushed && (
          <rect
            className="jp-SaturnAxis-brush"
            x={x(Math.min(...a))}
            width={Math.abs(a[1] - a[0]) * breadth}
            y={y(Math.max(...b))}
            height={Math.abs(b[1] - b[0]) * REACH}
          />
        )}
        <rect
          className="jp-SaturnAxis-hold"
          x={x(0)}
          width={Math.max(0, breadth)}
          y={ROOM.top}
          height={REACH}
          onPointerDown={event => {
            event.currentTarget.setPointerCapture?.(event.pointerId);
            start.current = spotAt(event);
          }}
          onPointerMove={event => {
            if (start.current !== null) {
              setDrag([start.current, spotAt(event)]);
            }
          }}
          onPointerUp={event => {
            const end = spotAt(event);
            const begin = start.current;
            if (begin !== null) {
              const isClick = ([0, 1] as const).every(i => Math.abs(begin[i] - end[i]) < LEAST_BRUSH);
              onBrush(
                axes.map(({ dimension }, i) => [
                  dimension.id,
                  isClick ? null : ([begin[i as 0 | 1], end[i as 0 | 1]] as Brush)
                ])
              );
            }
            start.current = null;
            setDrag(null);
          }}
          onPointerCancel={() => {
            start.current = null;
            setDrag(null);
          }}
        />
        <g>
          {tasks.map(task => {
            const [left, top] = [placeOn(across, task), placeOn(up, task)];
            return left === undefined || top === undefined ? null : (
              <circle
                key={task}
                cx={x(left)}
                cy={y(top)}
                r={chosen.has(task) ? 6 : 4}
                fill={colours.get(task)}
                className={
                  chosen.has(task)
                    ? 'jp-mod-chosen'
                    : isChoosing
                      ? 'jp-mod-faint'
                      : givenUp.has(task)
                        ? 'jp-mod-given-up'
                        : undefined
                }
              >
                <title>
                  {[
                    task,
                    ...axes.map(
                      ({ dimension }) =>
                        `${dimension.label}: ${dimensionValue(dimension, dimension.values.get(task), trans)}`
                    )
                  ].join('\n')}
                </title>
              </circle>
            );
          })}
        </g>
      </svg>
    </div>
  );
}
