import type { IAxis } from '../../core/view/parameters/brushes.js';
import { numbersIn } from '../../core/view/parameters/dimensions.js';
import { allowsLog } from '../../core/view/parameters/scale.js';
import { useDashboardContext } from '../context/dashboardContext.js';

/** Which axes are logarithmic, of those that can be. */
export function LogToggles(props: { axes: readonly IAxis[]; onToggleLog: (axis: IAxis) => void }) {
  const { trans } = useDashboardContext();
  const able = props.axes.filter(
    ({ dimension }) => dimension.kind === 'number' && allowsLog(numbersIn(dimension.values))
  );
  return able.length === 0 ? null : (
    <fieldset className="jp-SaturnControls">
      <legend>{trans.__('Logarithmic:')}</legend>
      {able.map(axis => (
        <label key={axis.dimension.id}>
          <input
            type="checkbox"
            checked={axis.scale.kind === 'log'}
            onChange={() => props.onToggleLog(axis)}
          />
          {axis.dimension.label}
        </label>
      ))}
    </fieldset>
  );
}
