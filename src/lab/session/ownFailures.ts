import { ENGLISH, type ITranslation } from '../../core/model/translation.js';
import type { Failure } from '../../core/wire/messages.js';

/**
 * What pages themselves tell of failures, and what to do; all else is told by engine or kernel, in English.
 *
 * @param error - an error of Python's, with which a sentence may end.
 */
const ownTexts = (
  trans: ITranslation,
  error: string
): readonly (readonly [message: string, hint: string])[] => [
  [
    trans.__('The connection to the session ended before it answered.'),
    trans.__('It is made again by itself; then try once more.')
  ],
  [
    trans.__('The session is out of reach just now.'),
    trans.__('The Saturn panel, or its dashboard, says why and what can be done.')
  ],
  [
    trans.__('The extension is loaded, but the kernel opened no channel to the panel.'),
    trans.__('Run %reload_ext jupyterlab_saturn in a cell.')
  ],
  [
    trans.__('The kernel could not load jupyterlab_saturn: %1', error),
    trans.__('Run %pip install jupyterlab_saturn in this notebook, so that it is where the kernel runs.')
  ],
  [
    trans.__('The kernel could not load jupyterlab_saturn: %1', error),
    trans.__('Run %load_ext jupyterlab_saturn in a cell to see the whole traceback.')
  ]
];

/** A failure in the reader's language, when it is one that a page tells of itself. */
export function failureIn(failure: Failure, trans: ITranslation): Failure {
  const own = ownTexts(ENGLISH, '').findIndex(
    ([message, hint]) =>
      hint === failure.hint &&
      (message.endsWith(': ') ? failure.message.startsWith(message) : message === failure.message)
  );
  const [english = ''] = ownTexts(ENGLISH, '')[own] ?? [];
  const [message, hint] = ownTexts(trans, failure.message.slice(english.length))[own] ?? [];
  return message === undefined || hint === undefined ? failure : { ...failure, message, hint };
}
