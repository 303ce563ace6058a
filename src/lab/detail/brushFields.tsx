import { type Brush, type Brushes, type IAxis, valuesOn } from '../../core/view/parameters/brushes.js';
import { dimensionValue } from '../../core/view/parameters/parameterText.js';
import { useDashboardContext } from '../context/dashboardContext.js';
import { LazyFold } from './lazyFold.js';

/** More values of an axis are offered in so many steps. */
const MOST_VALUES = 100;

/** The same stretches as are dragged in a chart, chosen from lists: for keyboards. */
export function BrushFields(props: {
  axes: readonly IAxis[];
  brushes: Brushes;
  onBrush: (changes: readonly (readonly [id: string, brush: Brush | null])[]) => void;
}) {
  const { trans } = useDashboardContext();
  return (
    <LazyFold title={trans.__('Select by values')}>
      {() => (
        <table className="jp-SaturnTable">
          <thead>
            <tr>
              <th scope="col">{trans.__('Axis')}</th>
              <th scope="col">{trans.__('From')}</th>
              <th scope="col">{trans.__('To')}</th>
            </tr>
          </thead>
          <tbody>
            {props.axes.map(axis => (
              <AxisFields
                key={axis.dimension.id}
                axis={axis}
                brush={props.brushes.get(axis.dimension.id) ?? null}
                onBrush={brush => props.onBrush([[axis.dimension.id, brush]])}
              />
            ))}
          </tbody>
        </table>
      )}
    </LazyFold>
  );
}

function AxisFields(props: { axis: IAxis; brush: Brush | null; onBrush: (brush: Brush | null) => void }) {
  const { trans } = useDashboardContext();
  const { axis, brush, onBrush } = props;
  const { dimension, scale } = axis;
  const values = fewOf(valuesOn(axis));
  const places = values.map(value => scale.place(value) ?? 0);
  const [from, to] = brush ?? [0, 1];
  const first = places.findIndex(place => place >= from - 1e-9);
  const last = places.findLastIndex(place => place <= to + 1e-9);
  const choose = (start: number, end: number) => {
    const isAll = start <= 0 && end >= values.length - 1;
    onBrush(isAll ? null : [places[start] ?? 0, places[end] ?? 1]);
  };
  const field = (which: string, index: number, onChoose: (index: number) => void) => (
    <select
      className="jp-mod-styled"
      aria-label={
        which === 'start' ? trans.__('First of %1', dimension.label) : trans.__('Last of %1', dimension.label)
      }
      value={index}
      onChange={({ target }) => onChoose(Number(target.value))}
    >
      {values.map((value, i) => (
        <option key={String(value)} value={i}>
          {dimensionValue(dimension, value, trans)}
        </option>
      ))}
    </select>
  );
  return (
    <tr>
      <th scope="row">{dimension.label}</th>
      <td>{field('start', Math.max(0, first), start => choose(start, Math.max(start, last)))}</td>
      <td>{field('end', Math.max(0, last), end => choose(Math.min(Math.max(0, first), end), end))}</td>
    </tr>
  );
}

/** All values, or of many some in equal steps, the first and the last among them. */
function fewOf<T>(values: readonly T[]): T[] {
  const step = (values.length - 1) / (MOST_VALUES - 1);
  return values.length <= MOST_VALUES
    ? [...values]
    : Array.from({ length: MOST_VALUES }, (_, i) => values[Math.round(i * step)] as T);
}
