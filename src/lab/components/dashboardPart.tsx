import type { ComponentType } from 'react';
import { DashboardContextProvider, type IDashboardContext } from '../context/dashboardContext.js';
import { useSignalState } from '../context/signalState.js';
import { ViewContextProvider } from '../context/viewContext.js';
import type { ViewSnapshot } from '../context/viewSnapshot.js';
import { VisibilityProvider } from '../context/visibilityContext.js';
import { SessionPart } from './sessionPart.js';

/** A part of a dashboard, drawn by a React component. */
export class DashboardPart extends SessionPart {
  constructor(options: DashboardPart.IOptions) {
    super(options.context.session, options.context.clock);
    this._options = options;
    this.addClass(options.className);
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', options.label);
  }

  protected override render() {
    const { context, component } = this._options;
    return (
      <ViewContextProvider value={context}>
        <DashboardContextProvider value={context}>
          <VisibilityProvider value={this._visibility}>
            <Content snapshot={this._snapshot} component={component} />
          </VisibilityProvider>
        </DashboardContextProvider>
      </ViewContextProvider>
    );
  }

  private readonly _options: DashboardPart.IOptions;
}

export namespace DashboardPart {
  export interface IOptions {
    readonly context: IDashboardContext;
    readonly className: string;
    /** What it is called, for those who do not see it. */
    readonly label: string;
    readonly component: ComponentType<ViewSnapshot.IMoment>;
  }
}

function Content(props: { snapshot: ViewSnapshot; component: DashboardPart.IOptions['component'] }) {
  const moment = useSignalState(props.snapshot.changed, () => props.snapshot.moment);
  return <props.component {...moment} />;
}
