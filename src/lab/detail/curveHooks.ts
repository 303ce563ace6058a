import { useEffect, useState } from 'react';
import type { IStretch } from '../../core/view/detail/plottedCurves.js';
import { useDashboardContext } from '../context/dashboardContext.js';
import { useVisible } from '../context/visibilityContext.js';
import { CurveSource } from './curveSource.js';

const NOTHING: CurveSource.IView = { curves: [], whole: [], metrics: [], isAsking: false, failure: null };

/** Curves of the session, rendered again when there is more of them; none is asked for while nobody looks. */
export function useCurveSource(): { source: CurveSource | null; view: CurveSource.IView } {
  const { session } = useDashboardContext();
  const isVisible = useVisible();
  const [source, setSource] = useState<CurveSource | null>(null);
  const [view, setView] = useState(NOTHING);
  useEffect(() => {
    const made = new CurveSource(session);
    made.changed.connect(() => setView(made.view));
    setSource(made);
    return () => made.dispose();
  }, [session]);
  useEffect(() => {
    if (source) {
      source.isActive = isVisible;
    }
  }, [source, isVisible]);
  return { source, view };
}

/** Ask a source for curves of some tasks, within some steps or in full. */
export function useWantedCurves(
  source: CurveSource | null,
  tasks: readonly string[],
  metric: string,
  steps: IStretch | null
): void {
  // No name has a space in it.
  const key = tasks.join(' ');
  const [from, to] = [steps?.from, steps?.to];
  useEffect(() => {
    source?.want(
      key === '' ? [] : key.split(' '),
      metric,
      from === undefined || to === undefined ? null : { from, to }
    );
  }, [source, key, metric, from, to]);
}
