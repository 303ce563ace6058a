import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import { type ISignal, Signal } from '@lumino/signaling';
import { progressLine } from '../../core/view/status/progressLine.js';
import { progressShare } from '../../core/view/status/progressShare.js';
import { CommandIDs } from '../commands/commandIDs.js';
import { ViewSnapshot } from '../context/viewSnapshot.js';
import type { ISaturnStore } from '../session/tokens.js';

/** The session's progress in the status bar; a click shows the panel. */
export class SaturnStatusItem extends ReactWidget {
  constructor(options: SaturnStatusItem.IOptions) {
    super();
    this._options = options;
    this._snapshot = new ViewSnapshot(options.store, options.clock);
    this._snapshot.isShown = true;
    this.addClass('jp-SaturnStatusItem');
    options.store.changed.connect(this._onChanged, this);
    this._active = this._wanted();
  }

  /** Whether there is a session to tell of. */
  get isActive(): boolean {
    return this._active;
  }

  get activeChanged(): ISignal<this, void> {
    return this._activeChanged;
  }

  override dispose(): void {
    this._snapshot.dispose();
    Signal.disconnectReceiver(this);
    Signal.clearData(this);
    super.dispose();
  }

  protected override render() {
    const { commands, trans } = this._options;
    return (
      <UseSignal signal={this._snapshot.changed}>
        {() => {
          const { view, now } = this._snapshot.moment;
          const { state } = view;
          if (!state) {
            return null;
          }
          const share = progressShare(state) ?? 0;
          return (
            <button
              type="button"
              title={trans.__('Show the Saturn panel')}
              onClick={() => void commands.execute(CommandIDs.open)}
            >
              {state.goal !== 'none' && state.tasks.length > 0 && (
                <span className="jp-SaturnStatusItem-track" aria-hidden="true">
                  <span style={{ width: `${100 * share}%` }} />
                </span>
              )}
              {progressLine(state, now, trans)}
            </button>
          );
        }}
      </UseSignal>
    );
  }

  private _wanted(): boolean {
    return this._options.store.view.state !== null;
  }

  private _onChanged(): void {
    const wanted = this._wanted();
    if (wanted !== this._active) {
      this._active = wanted;
      this._activeChanged.emit();
    }
  }

  private readonly _options: SaturnStatusItem.IOptions;
  private readonly _snapshot: ViewSnapshot<ISaturnStore>;
  private readonly _activeChanged = new Signal<this, void>(this);
  private _active: boolean;
}

export namespace SaturnStatusItem {
  export interface IOptions {
    store: ISaturnStore;
    commands: CommandRegistry;
    trans: TranslationBundle;
    /** Seconds since the epoch. */
    clock: () => number;
  }
}
