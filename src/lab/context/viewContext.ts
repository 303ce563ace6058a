import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import { createContext, useContext } from 'react';
import type { ISessionModel } from '../session/tokens.js';

/** What every part of a view of a session needs: of the panel, and of the dashboard. */
export interface IViewContext {
  readonly session: ISessionModel;
  readonly commands: CommandRegistry;
  readonly trans: TranslationBundle;
}

const ViewContext = createContext<IViewContext | null>(null);

/** Hands the context to the parts within. */
export const ViewContextProvider = ViewContext.Provider;

/** The view's context. */
export function useViewContext(): IViewContext {
  const context = useContext(ViewContext);
  if (!context) {
    throw new Error('Parts of a view are rendered within its context.');
  }
  return context;
}
