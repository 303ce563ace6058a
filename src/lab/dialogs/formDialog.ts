import { Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';

/** What a dialog asks for, and whether it has been given. */
export abstract class FormBody<T> extends ReactWidget implements Dialog.IBodyWidget<T> {
  constructor() {
    super();
    this.addClass('jp-SaturnForm');
  }

  /** Whether `getValue` makes sense. */
  abstract get isValid(): boolean;

  abstract getValue(): T;
}

/** A dialog that cannot be accepted before its form makes sense. */
class FormDialog<T> extends Dialog<T> {
  constructor(
    private readonly _form: FormBody<T>,
    options: Partial<Dialog.IOptions<T>>
  ) {
    super({ ...options, body: _form, focusNodeSelector: 'input, select' });
  }

  override resolve(index?: number): void {
    // Without a number it is the Enter key: the button that accepts is the last.
    if ((index === undefined || index > 0) && !this._form.isValid) {
      this._form.node.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
      return;
    }
    super.resolve(index);
  }
}

/** Ask for something; null when nothing is to be done. */
export async function showForm<T>(options: showForm.IOptions<T>): Promise<T | null> {
  const { form, title, accept, trans } = options;
  const { button, value } = await new FormDialog(form, {
    title,
    buttons: [Dialog.cancelButton({ label: trans.__('Cancel') }), Dialog.okButton({ label: accept })]
  }).launch();
  return button.accept ? value : null;
}

export namespace showForm {
  export interface IOptions<T> {
    readonly form: FormBody<T>;
    readonly title: string;
    /** What the button says that does it. */
    readonly accept: string;
    readonly trans: TranslationBundle;
  }
}
