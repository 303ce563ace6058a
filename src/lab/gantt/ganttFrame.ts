import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

const GANTT_CLASS = 'jp-SaturnGantt';
const CHART_CLASS = 'jp-SaturnGantt-chart';
const DETAILS_CLASS = 'jp-SaturnGantt-details';
const TOGGLE_CLASS = 'jp-SaturnGantt-toggle';

/** What is heard of the chart. */
const CHART_EVENTS = ['click', 'keydown', 'pointerdown', 'pointerover'] as const;

/**
 * What a schedule stands in: room for the chart, for what is said of it, and a button between chart and table. It is updated
 * when it comes into sight, or has another size.
 */
export abstract class GanttFrame extends Widget {
  constructor(protected readonly _trans: TranslationBundle) {
    super();
    this.addClass(GANTT_CLASS);
    this._chart.className = CHART_CLASS;
    this._chart.tabIndex = -1;
    this._details.className = DETAILS_CLASS;
    this._details.setAttribute('aria-live', 'polite');
    this._toggle.className = `${TOGGLE_CLASS} jp-mod-styled jp-mod-minimal`;
    this._toggle.type = 'button';
    this._sizes = new ResizeObserver(() => this.update());
    this._sights = new IntersectionObserver(entries => {
      this._inSight = entries.at(-1)?.isIntersecting ?? true;
      this.update();
    });
    this.node.append(this._chart, this._details, this._toggle);
  }

  /** Whether a table stands in for the picture. */
  get asTable(): boolean {
    return this._asTable;
  }

  set asTable(value: boolean) {
    this._asTable = value;
    this.update();
  }

  /** Called with what happens to the chart, and when anything is scrolled. */
  abstract handleEvent(event: Event): void;

  override dispose(): void {
    this._sizes.disconnect();
    this._sights.disconnect();
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    for (const type of CHART_EVENTS) {
      this._chart.addEventListener(type, this);
    }
    this._toggle.addEventListener('click', this._onToggle);
    document.addEventListener('scroll', this, { capture: true, passive: true });
    this._sizes.observe(this._chart);
    this._sights.observe(this.node);
    this.update();
  }

  protected override onBeforeDetach(message: Message): void {
    this._sizes.disconnect();
    this._sights.disconnect();
    for (const type of CHART_EVENTS) {
      this._chart.removeEventListener(type, this);
    }
    this._toggle.removeEventListener('click', this._onToggle);
    document.removeEventListener('scroll', this, { capture: true });
    super.onBeforeDetach(message);
  }

  /** Have the button there, or not, with what it does now. */
  protected _offerTable(isOffered: boolean): void {
    this._toggle.hidden = !isOffered;
    this._toggle.textContent = this._asTable
      ? this._trans.__('Show as chart')
      : this._trans.__('Show as table');
  }

  /** Write something below the chart, where it is spoken, too. */
  protected _say(text: string): void {
    if (this._details.textContent !== text) {
      this._details.textContent = text;
    }
  }

  private readonly _onToggle = (): void => {
    this.asTable = !this._asTable;
  };

  protected readonly _chart = document.createElement('div');
  private readonly _toggle = document.createElement('button');
  protected _inSight = true;
  private _asTable = false;
  private readonly _details = document.createElement('div');
  private readonly _sizes: ResizeObserver;
  private readonly _sights: IntersectionObserver;
}
