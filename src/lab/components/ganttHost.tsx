import { Widget } from '@lumino/widgets';
import { useEffect, useLayoutEffect, useRef } from 'react';
import type { IGanttInput } from '../../core/view/gantt/gantt.js';
import { useViewContext } from '../context/viewContext.js';
import type { GanttEdit } from '../gantt/ganttKeys.js';
import { GanttView } from '../gantt/ganttView.js';

/** A live Gantt chart within the panel. */
export function GanttHost({ input, onEdit }: GanttHost.IProps) {
  const { trans } = useViewContext();
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<GanttView | null>(null);
  const edit = useRef(onEdit);
  // Layout effects end while the host is still in the document, as detaching a widget requires.
  useLayoutEffect(() => {
    const gantt = new GanttView({ trans });
    gantt.edited.connect((_, what) => edit.current?.(what));
    Widget.attach(gantt, host.current as HTMLDivElement);
    view.current = gantt;
    return () => {
      view.current = null;
      gantt.dispose();
    };
  }, [trans]);
  useEffect(() => {
    edit.current = onEdit;
    if (view.current) {
      view.current.input = input;
    }
  });
  return <div ref={host} />;
}

export namespace GanttHost {
  export interface IProps {
    input: IGanttInput | null;
    /** Called when the user moves, holds or lets go a bar that can be moved. */
    onEdit?: (edit: GanttEdit) => void;
  }
}
