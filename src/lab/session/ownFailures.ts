import type { ITranslation } from '../../core/model/translation.js';
import type { Failure } from '../../core/wire/messages.js';

/** What pages themselves tell of failures, by code; all others are told by engine or kernel, in English. */
function ownTexts(trans: ITranslation): Record<string, Pick<Failure, 'message' | 'hint'>> {
  return {
    disconnected: {
      message: trans.__('The connection to the kernel ended before the session answered.'),
      hint: trans.__('The panel attaches again by itself; then try once more.')
    },
    'not-connected': {
      message: trans.__('The current notebook is not attached to a session.'),
      hint: trans.__('Open the Saturn panel and follow what it says.')
    },
    'no-comm': {
      message: trans.__('The extension is loaded, but the kernel opened no channel to the panel.'),
      hint: trans.__('Run %reload_ext jupyterlab_saturn in a cell.')
    }
  };
}

/** A failure in the reader's language, when it is one that a page tells of itself. */
export function failureIn(failure: Failure, trans: ITranslation): Failure {
  const texts = ownTexts(trans);
  return Object.hasOwn(texts, failure.code) ? { ...failure, ...texts[failure.code] } : failure;
}
