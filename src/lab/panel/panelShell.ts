import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { PanelLayout, Widget } from '@lumino/widgets';
import { failureOf } from '../../core/wire/failure.js';
import { saturnIcon } from '../components/icons.js';

/** The panel's place in the side bar: what is shown there is loaded when it is seen for the first time. */
export class PanelShell extends Widget {
  constructor(private readonly _options: PanelShell.IOptions) {
    super();
    this.id = PanelShell.ID;
    this.title.icon = saturnIcon;
    this.title.caption = _options.trans.__('Saturn: plan and train many models');
    this.addClass('jp-SaturnPanelShell');
    this.node.tabIndex = -1;
    this.layout = this._content;
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (this.isVisible) {
      void this._fill();
    }
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    void this._fill();
  }

  /** The keyboard goes there with whoever asks for the panel: Tab leads to what can be done. */
  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    this.node.focus({ preventScroll: true });
  }

  private async _fill(): Promise<void> {
    if (this._isFilled) {
      return;
    }
    this._isFilled = true;
    try {
      const content = await this._options.load();
      if (this.isDisposed) {
        content.dispose();
      } else {
        this.node.textContent = '';
        this._content.addWidget(content);
      }
    } catch (error) {
      // The server may be gone for now: it is tried again when the panel is looked at again.
      this._isFilled = false;
      this.node.textContent = failureOf(error).message;
    }
  }

  private readonly _content = new PanelLayout();
  private _isFilled = false;
}

export namespace PanelShell {
  /** Id of the panel in the shell. */
  export const ID = 'jupyterlab-saturn-panel';

  export interface IOptions {
    trans: TranslationBundle;
    /** Makes what is shown. */
    load: () => Promise<Widget>;
  }
}
