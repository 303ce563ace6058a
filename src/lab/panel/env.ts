import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import { createContext, useContext, useEffect, useState, useSyncExternalStore } from 'react';
import type { ISaturnStore } from '../tokens.js';
import type { WhatIf } from '../whatIf.js';

/** What every part of the panel needs. */
export interface IEnv {
  readonly store: ISaturnStore;
  readonly commands: CommandRegistry;
  readonly whatIf: WhatIf;
  readonly trans: TranslationBundle;
  /** Seconds since the epoch. */
  readonly clock: () => number;
}

const Env = createContext<IEnv | null>(null);

/** Hands the environment to the parts within. */
export const EnvProvider = Env.Provider;

/** The panel's environment. */
export function useEnv(): IEnv {
  const env = useContext(Env);
  if (!env) {
    throw new Error('Parts of the panel are rendered within its environment.');
  }
  return env;
}

/** The store's picture, rendered again when it changes. */
export function useView(): ISaturnStore.IView {
  const { store } = useEnv();
  return useSyncExternalStore(
    listener => {
      store.changed.connect(listener);
      return () => void store.changed.disconnect(listener);
    },
    () => store.view
  );
}

/** What-if question and answer, rendered again when they change. */
export function useWhatIf(): WhatIf.IView {
  const { whatIf } = useEnv();
  return useSyncExternalStore(
    listener => {
      whatIf.changed.connect(listener);
      return () => void whatIf.changed.disconnect(listener);
    },
    () => whatIf.view
  );
}

/** The time, in seconds since the epoch; goes on by itself, once a second, while `running`. */
export function useNow(running: boolean): number {
  const { clock } = useEnv();
  const [, tick] = useState(0);
  useEffect(() => {
    if (!running) {
      return;
    }
    const timer = setInterval(() => tick(count => count + 1), 1000);
    return () => clearInterval(timer);
  }, [running]);
  return clock();
}
