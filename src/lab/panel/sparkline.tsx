import { sparklinePath } from '../../core/view/curves/sparkline.js';
import { metric } from '../../core/view/format/format.js';
import type { Curve } from '../../core/wire/messages.js';
import { useViewContext } from '../context/viewContext.js';

/** In pixels. */
const SIZE = { width: 72, height: 18 };

/** The loss of a task so far, as a small curve; nothing before there are two points. */
export function Sparkline({ curve }: { curve: Curve | undefined }) {
  const { trans } = useViewContext();
  const path = curve === undefined ? '' : sparklinePath(curve.steps, curve.values, SIZE);
  const numbers = (curve?.values ?? []).filter(value => value !== null);
  return path === '' ? null : (
    <svg
      className="jp-SaturnSparkline"
      role="img"
      aria-label={trans.__('Loss from %1 to %2', metric(numbers[0], trans), metric(numbers.at(-1), trans))}
      width={SIZE.width}
      height={SIZE.height}
      viewBox={`0 0 ${SIZE.width} ${SIZE.height}`}
    >
      <path d={path} />
    </svg>
  );
}
