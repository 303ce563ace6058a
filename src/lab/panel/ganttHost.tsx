import { Widget } from '@lumino/widgets';
import { useEffect, useLayoutEffect, useRef } from 'react';
import type { IGanttInput } from '../../core/view/gantt.js';
import { GanttView } from '../gantt.js';
import { useEnv } from './env.js';

/** A live Gantt chart within the panel. */
export function GanttHost({ input }: { input: IGanttInput | null }) {
  const { trans } = useEnv();
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<GanttView | null>(null);
  // Layout effects end while the host is still in the document, as detaching a widget requires.
  useLayoutEffect(() => {
    const gantt = new GanttView({ trans });
    Widget.attach(gantt, host.current as HTMLDivElement);
    view.current = gantt;
    return () => {
      view.current = null;
      gantt.dispose();
    };
  }, [trans]);
  useEffect(() => {
    if (view.current) {
      view.current.input = input;
    }
  });
  return <div ref={host} />;
}
