import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { IDisposable } from '@lumino/disposable';
import { MessageLoop } from '@lumino/messaging';
import { PanelLayout, SplitPanel, Widget } from '@lumino/widgets';
import { printable } from '../../core/view/format/escape.js';
import { sessionEntryText } from '../../core/view/status/sessionEntryText.js';
import { TaskSelection } from '../context/taskSelection.js';
import { taskDetailPart } from '../detail/taskDetailPart.js';
import { schedulePart } from '../schedule/schedulePart.js';
import type { ISessionModel, ISessions } from '../session/tokens.js';
import { taskTablePart } from '../taskTable/taskTablePart.js';
import { dashboardAbsence } from './dashboardAbsence.js';
import { dashboardHeader } from './dashboardHeader.js';

/** Of the height, the most that the schedule takes by itself. */
const SCHEDULE_SHARE = 0.5;

/** Above and below the schedule, in pixels. */
const SCHEDULE_PADDING = 18;

/** Percent of the width for the table: name, place, metric, state and progress are to fit beside a file browser. */
const TABLE_SHARE = 58;

/** Less wide than so many pixels, as beside both side bars of a small window, table and details stand one below the other. */
const NARROW = 560;

/** One session on one screen: its schedule above, its tasks and what there is to know of them below. */
export class Dashboard extends Widget {
  constructor(private readonly _options: Dashboard.IOptions) {
    super();
    this.addClass('jp-SaturnDashboard');
    const context = { ..._options, selection: this.selection };
    const below = new SplitPanel({ orientation: 'horizontal' });
    const [table, detail] = [taskTablePart(context), taskDetailPart(context)];
    below.addWidget(table);
    below.addWidget(detail);
    below.setRelativeSizes([TABLE_SHARE, 100 - TABLE_SHARE]);
    // So it is divided when it becomes wider or less wide, too.
    SplitPanel.setStretch(table, TABLE_SHARE);
    SplitPanel.setStretch(detail, 100 - TABLE_SHARE);
    this._below = below;
    this._parts = new SplitPanel({ orientation: 'vertical' });
    this._parts.addClass('jp-SaturnDashboard-parts');
    this._parts.addWidget(
      schedulePart(context, height => {
        this._scheduleHeight = height;
        this._share();
      })
    );
    this._parts.addWidget(below);
    this._parts.handleMoved.connect(() => {
      this._isDivided = true;
    });
    this._absence = dashboardAbsence(context);
    const layout = new PanelLayout();
    layout.addWidget(dashboardHeader(context));
    layout.addWidget(this._absence);
    layout.addWidget(this._parts);
    this.layout = layout;
    // The header is as high as what it says.
    this._sizes = new ResizeObserver(() => {
      this._stack();
      this._share();
      MessageLoop.postMessage(this._parts, Widget.ResizeMessage.UnknownSize);
    });
    this._sizes.observe(this._parts.node);
    _options.session.changed.connect(this._onChanged, this);
    _options.sessions?.changed.connect(this._onChanged, this);
    this._onChanged();
  }

  /** Which tasks are selected, in all parts. */
  readonly selection = new TaskSelection();

  /** The session that is shown. */
  get session(): ISessionModel {
    return this._options.session;
  }

  /** Id by which the Jupyter server knows it; undefined for the one of the current notebook. */
  get sessionId(): string | undefined {
    return this._options.sessionId;
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    const { session, sessions, sessionId } = this._options;
    session.changed.disconnect(this._onChanged, this);
    sessions?.changed.disconnect(this._onChanged, this);
    this._sizes.disconnect();
    this._watch(false);
    this.selection.dispose();
    super.dispose();
    if (sessionId !== undefined) {
      session.dispose();
    }
  }

  protected override onAfterAttach(): void {
    this._watch(this.isVisible);
  }

  protected override onAfterShow(): void {
    this._watch(true);
  }

  protected override onAfterHide(): void {
    this._watch(false);
  }

  /** Have the list of sessions kept up to date while somebody can see it. */
  private _watch(wanted: boolean): void {
    if (wanted) {
      this._watching ??= this._options.sessions?.watch() ?? null;
    } else {
      this._watching?.dispose();
      this._watching = null;
    }
  }

  /** Give the schedule the room that it needs, but no more than half, until the reader divides it. */
  private _share(): void {
    const height = this._parts.node.clientHeight;
    if (!this._isDivided && height > 0 && this._scheduleHeight > 0) {
      const schedule = Math.min(SCHEDULE_SHARE, (this._scheduleHeight + SCHEDULE_PADDING) / height);
      this._parts.setRelativeSizes([schedule, 1 - schedule]);
    }
  }

  /** Have table and details one below the other where they do not fit beside each other; all of it is scrolled then. */
  private _stack(): void {
    const width = this.node.clientWidth;
    const isNarrow = width > 0 && width < NARROW;
    if (width > 0 && isNarrow !== this._isNarrow) {
      this._isNarrow = isNarrow;
      this.toggleClass('jp-mod-narrow', isNarrow);
      this._below.orientation = isNarrow ? 'vertical' : 'horizontal';
      this._below.setRelativeSizes(isNarrow ? [1, 1] : [TABLE_SHARE, 100 - TABLE_SHARE]);
    }
  }

  private _onChanged(): void {
    const { session, sessions, sessionId, trans } = this._options;
    const { state } = session.view;
    this._parts.setHidden(state === null);
    this._absence.setHidden(state !== null);
    const entry = sessions?.list?.find(({ id }) => id === sessionId);
    const name = state?.session ?? entry?.session;
    this.title.label = name === undefined ? trans.__('Saturn') : trans.__('Saturn: %1', printable(name));
    this.title.caption = entry ? sessionEntryText(entry, trans).place : printable(state?.folder ?? '');
    if (state && state.tasks !== this._tasks) {
      this._tasks = state.tasks;
      this.selection.keep(new Set(state.tasks.map(({ spec }) => spec.name)));
    }
  }

  private readonly _parts: SplitPanel;
  private readonly _below: SplitPanel;
  private _isNarrow = false;
  private readonly _absence: Widget;
  private readonly _sizes: ResizeObserver;
  private _watching: IDisposable | null = null;
  private _tasks: unknown = null;
  private _scheduleHeight = 0;
  private _isDivided = false;
}

export namespace Dashboard {
  export interface IOptions {
    /** One with an id is the dashboard's own, and ends with it. */
    session: ISessionModel;
    /** Id by which the Jupyter server knows the session; absent for the one of the current notebook. */
    sessionId?: string;
    sessions: ISessions | null;
    commands: CommandRegistry;
    trans: TranslationBundle;
    /** Seconds since the epoch. */
    clock: () => number;
    /** How long a what-if question is worked on, in seconds. */
    whatIfSeconds?: () => number;
  }
}
