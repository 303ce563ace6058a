import { Widget } from '@lumino/widgets';
import { useEffect, useLayoutEffect, useRef } from 'react';
import type { IGanttBar, IGanttInput, TimeWindow } from '../../core/view/gantt/gantt.js';
import { useViewContext } from '../context/viewContext.js';
import type { GanttEdit } from '../gantt/ganttKeys.js';
import type { IGanttPick } from '../gantt/ganttTargets.js';
import { GanttView } from '../gantt/ganttView.js';

/** A live Gantt chart within a React component. */
export function GanttHost(props: GanttHost.IProps) {
  const { trans } = useViewContext();
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<GanttView | null>(null);
  const current = useRef(props);
  const isNavigable = props.navigation !== undefined;
  // Layout effects end while the host is still in the document, as detaching a widget requires.
  useLayoutEffect(() => {
    const gantt = new GanttView({ trans, isNavigable });
    gantt.edited.connect((_, what) => current.current.onEdit?.(what));
    gantt.windowChanged.connect((_, window) => current.current.navigation?.onWindow(window));
    gantt.selectionChanged.connect((_, bar) => current.current.navigation?.onSelect(bar));
    gantt.taskToggled.connect((_, bar) => current.current.navigation?.onToggle(bar));
    gantt.picked.connect((_, what) => current.current.navigation?.onPick(what));
    Widget.attach(gantt, host.current as HTMLDivElement);
    view.current = gantt;
    return () => {
      view.current = null;
      gantt.dispose();
    };
  }, [trans, isNavigable]);
  useEffect(() => {
    current.current = props;
    const { input, navigation } = props;
    if (view.current) {
      view.current.input = input;
      if (navigation) {
        view.current.window = navigation.window;
        view.current.folded = navigation.folded;
        view.current.chosen = navigation.chosen;
      }
    }
  });
  return <div ref={host} />;
}

export namespace GanttHost {
  export interface IProps {
    input: IGanttInput | null;
    /** Called when the user moves, holds or lets go a bar that can be moved. */
    onEdit?: (edit: GanttEdit) => void;
    /** What makes it a chart to find one's way in; the same chart has it always, or never. */
    navigation?: INavigation;
  }

  /** What is seen of a chart, and what stands out in it. */
  export interface INavigation {
    window: TimeWindow;
    /** Called when the user wants to see another time. */
    onWindow: (window: TimeWindow) => void;
    /** Ids of nodes whose lanes are narrow. */
    folded: ReadonlySet<string>;
    /** Names of the tasks whose bars stand out. */
    chosen: ReadonlySet<string>;
    onSelect: (bar: IGanttBar | null) => void;
    /** Called when the user wants a bar's task besides the others, or no longer. */
    onToggle: (bar: IGanttBar) => void;
    /** Called when the user picks something that is no bar. */
    onPick: (pick: IGanttPick) => void;
  }
}
