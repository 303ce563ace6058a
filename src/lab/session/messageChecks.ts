import { yieldToPage } from './yieldToPage.js';

/** Checks of what comes in. */
export type MessageChecks = Pick<typeof import('../../core/wire/messages.js'), 'asMessage' | 'validate'>;

let known: MessageChecks | null = null;
let loading: Promise<MessageChecks> | null = null;

/** The checks, if they are loaded. */
export const messageChecks = (): MessageChecks | null => known;

/** Loads the checks: the schema, and what reads it, are more than all else that a page without a session needs. */
export function loadMessageChecks(): Promise<MessageChecks> {
  loading ??= import('../../core/wire/messages.js').then(
    async checks => {
      // Made here, and not while the first state waits to be shown; all at once they would keep the page from answering.
      for (const _ of checks.prepareChecks()) {
        await yieldToPage();
      }
      known = checks;
      return checks;
    },
    error => {
      // The server may be gone for now.
      loading = null;
      throw error;
    }
  );
  return loading;
}
