import type { TranslationBundle } from '@jupyterlab/translation';
import { agentAway } from '../../core/view/display/emptyStates.js';
import type { Failure } from '../../core/wire/messages.js';

/** Why the panel has no live session state to show, or shows one that may be out of date. */
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
  | { readonly kind: 'agent-away' };

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
    case 'failed':
      return {
        ...say(problem.failure.message, problem.failure.hint ?? ''),
        action:
          problem.retry === 'load'
            ? { ...load, label: trans.__('Try again') }
            : problem.retry === 'attach'
              ? { ...attach, label: trans.__('Try again') }
              : null
      };
    case 'agent-away': {
      const { title, detail } = agentAway(trans);
      return wait(title, detail);
    }
  }
}
