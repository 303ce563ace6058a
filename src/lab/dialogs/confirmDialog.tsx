import { Dialog, showDialog } from '@jupyterlab/apputils';
import { printable } from '../../core/view/format/escape.js';

/** Ask before something is done that takes something away. What the Enter key does is to keep it. */
export async function confirm(options: confirm.IOptions): Promise<boolean> {
  const { title, sentences, keep, accept } = options;
  const { button } = await showDialog({
    title,
    body: (
      <>
        {sentences.map(text => (
          <p key={text}>{printable(text)}</p>
        ))}
      </>
    ),
    buttons: [Dialog.cancelButton({ label: keep }), Dialog.warnButton({ label: accept })],
    defaultButton: 0
  });
  return button.accept;
}

export namespace confirm {
  export interface IOptions {
    /** The question. */
    readonly title: string;
    /** What comes of it. */
    readonly sentences: readonly string[];
    /** What the button says that leaves all as it is. */
    readonly keep: string;
    /** What the button says that does it. */
    readonly accept: string;
  }
}
