import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import { BoxLayout, SplitPanel, Widget } from '@lumino/widgets';
import { TaskSelection } from '../context/taskSelection.js';
import { taskDetailPart } from '../detail/taskDetailPart.js';
import { schedulePart } from '../schedule/schedulePart.js';
import type { ISessionModel } from '../session/tokens.js';
import { taskTablePart } from '../taskTable/taskTablePart.js';
import { dashboardHeader } from './dashboardHeader.js';

/** One session on one screen: its schedule above, its tasks and what there is to know of them below. */
export class Dashboard extends Widget {
  constructor(options: Dashboard.IOptions) {
    super();
    this.addClass('jp-SaturnDashboard');
    this.session = options.session;
    const context = { ...options, selection: this.selection };
    const below = new SplitPanel({ orientation: 'horizontal' });
    below.addWidget(taskTablePart(context));
    below.addWidget(taskDetailPart(context));
    const parts = new SplitPanel({ orientation: 'vertical' });
    parts.addWidget(schedulePart(context));
    parts.addWidget(below);
    parts.setRelativeSizes([2, 3]);
    const header = dashboardHeader(context);
    const layout = new BoxLayout({ direction: 'top-to-bottom', spacing: 0 });
    layout.addWidget(header);
    layout.addWidget(parts);
    BoxLayout.setSizeBasis(header, 48);
    BoxLayout.setStretch(parts, 1);
    this.layout = layout;
    this.session.changed.connect(this._onChanged, this);
  }

  /** The session that it shows. */
  readonly session: ISessionModel;

  /** Which tasks are selected, in all parts. */
  readonly selection = new TaskSelection();

  override dispose(): void {
    this.session.changed.disconnect(this._onChanged, this);
    this.selection.dispose();
    super.dispose();
  }

  private _onChanged(): void {
    const { state } = this.session.view;
    if (state && state.tasks !== this._tasks) {
      this._tasks = state.tasks;
      this.selection.keep(new Set(state.tasks.map(({ spec }) => spec.name)));
    }
  }

  private _tasks: unknown = null;
}

export namespace Dashboard {
  export interface IOptions {
    session: ISessionModel;
    commands: CommandRegistry;
    trans: TranslationBundle;
    /** Seconds since the epoch. */
    clock: () => number;
  }
}
