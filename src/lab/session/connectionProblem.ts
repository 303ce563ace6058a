import type { TranslationBundle } from '@jupyterlab/translation';
import { agentAway } from '../../core/view/display/emptyStates.js';
import type { Failure } from '../../core/wire/messages.js';
import { failureIn } from './ownFailures.js';

/** Why a view has no live session state to show, or shows one that may be out of date. */
export type ConnectionProblem =
  | { readonly kind: 'no-notebook' }
  | { readonly kind: 'no-kernel' }
  | { readonly kind: 'kernel-starting' }
  | { readonly kind: 'kernel-restarting' }
  | { readonly kind: 'kernel-dead' }
  | { readonly kind: 'kernel-disconnected' }
  | { readonly kind: 'kernel-busy' }
  | { readonly kind: 'not-python'; readonly language: string }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'not-loaded' }
  | { readonly kind: 'loading' }
  | { readonly kind: 'not-attached'; readonly session: string }
  | { readonly kind: 'attaching' }
  | { readonly kind: 'waiting' }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly retry: ConnectionProblem.Action | null }
  | { readonly kind: 'agent-away' }
  | { readonly kind: 'engine-away' }
  | { readonly kind: 'asleep' }
  | { readonly kind: 'server-away' }
  | { readonly kind: 'no-server-extension' }
  | { readonly kind: 'not-allowed' }
  | { readonly kind: 'no-session' }
  | { readonly kind: 'session-gone' };

export namespace ConnectionProblem {
  /** What a button can do about a connection problem. */
  export type Action = 'load' | 'attach';

  /** A connection problem in a person's words. */
  export interface IText {
    title: string;
    detail: string;
    /** True while the product works on it by itself. */
    busy: boolean;
    action: { do: Action; label: string } | null;
  }
}

/** What to tell the user about a connection problem, and the one thing to do next. */
export function connectionProblemText(
  problem: ConnectionProblem,
  trans: TranslationBundle
): ConnectionProblem.IText {
  const say = (title: string, detail: string): ConnectionProblem.IText => ({
    title,
    detail,
    busy: false,
    action: null
  });
  const wait = (title: string, detail = ''): ConnectionProblem.IText => ({
    title,
    detail,
    busy: true,
    action: null
  });
  const load = { do: 'load', label: trans.__('Load %saturn in this notebook') } as const;
  const attach = { do: 'attach', label: trans.__('Attach') } as const;
  switch (problem.kind) {
    case 'no-notebook':
      return say(trans.__('No notebook'), trans.__('Open a notebook to see its tasks and their schedule.'));
    case 'no-kernel':
      return say(
        trans.__('No kernel'),
        trans.__('This notebook has no kernel. Choose a Python kernel at the top right of the notebook.')
      );
    case 'kernel-starting':
      return wait(trans.__('The kernel is starting'));
    case 'kernel-restarting':
      return wait(
        trans.__('The kernel is restarting'),
        trans.__('Training goes on meanwhile; the panel attaches again by itself.')
      );
    case 'kernel-dead':
      return say(
        trans.__('The kernel died'),
        trans.__('Training goes on without it. Restart the kernel to see it again.')
      );
    case 'kernel-disconnected':
      return wait(
        trans.__('Connection to the kernel lost'),
        trans.__('Training goes on meanwhile; JupyterLab is trying to reach the kernel again.')
      );
    case 'kernel-busy':
      return wait(
        trans.__('The kernel is busy'),
        trans.__('The panel connects as soon as the running cell is done.')
      );
    case 'not-python':
      return say(
        trans.__('Not a Python kernel'),
        trans.__(
          'This notebook runs %1; %saturn needs a Python kernel with PyTorch. Choose one at the top right of the notebook.',
          problem.language
        )
      );
    case 'connecting':
      return wait(trans.__('Connecting to the kernel'));
    case 'not-loaded':
      return {
        ...say(
          trans.__('%saturn is not loaded'),
          trans.__('Load it here, or run %load_ext jupyterlab_saturn in a cell.')
        ),
        action: load
      };
    case 'loading':
      return wait(trans.__('Loading %saturn'));
    case 'not-attached':
      return {
        ...say(
          trans.__('No session attached'),
          trans.__(
            'Attach to the session “%1” to see its tasks; it is started if it does not run yet.',
            problem.session
          )
        ),
        action: attach
      };
    case 'attaching':
      return wait(trans.__('Attaching to the session'));
    case 'waiting':
      return wait(trans.__('Waiting for the session to answer'));
    case 'failed': {
      const { message, hint = '' } = failureIn(problem.failure, trans);
      return {
        ...say(message, hint),
        action:
          problem.retry === 'load'
            ? { ...load, label: trans.__('Try again') }
            : problem.retry === 'attach'
              ? { ...attach, label: trans.__('Try again') }
              : null
      };
    }
    case 'engine-away':
      return wait(
        trans.__('The session does not answer just now'),
        trans.__('Training goes on meanwhile; what you see is from before, and goes on by itself.')
      );
    case 'asleep':
      return {
        ...say(
          trans.__('The session is asleep'),
          trans.__(
            'Nothing of it runs; its tasks, measurements and checkpoints are kept. Wake it to see them and to go on.'
          )
        ),
        action: { do: 'attach', label: trans.__('Wake') }
      };
    case 'server-away':
      return wait(
        trans.__('Connection to the Jupyter server lost'),
        trans.__('Training goes on meanwhile; this page connects again by itself.')
      );
    case 'no-server-extension':
      return say(
        trans.__('Sessions can be seen from their notebooks only'),
        trans.__(
          'The Jupyter server does not load jupyterlab_saturn. Install it where JupyterLab is installed and restart JupyterLab; until then, open the notebook of a session.'
        )
      );
    case 'not-allowed':
      return say(
        trans.__('You may not see the sessions of this server'),
        trans.__('Log in again, or ask who runs this Jupyter server.')
      );
    case 'no-session':
      return say(
        trans.__('No session yet'),
        trans.__('Define tasks with %%%%saturn task in a cell of a notebook; its session then shows here.')
      );
    case 'session-gone':
      return say(
        trans.__('This session is not there any more'),
        trans.__('Its folder was removed or moved. Choose another session.')
      );
    case 'agent-away': {
      const { title, detail } = agentAway(trans);
      return wait(title, detail);
    }
  }
}
