import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import { createContext, useContext, useSyncExternalStore } from 'react';
import type { ISaturnStore } from '../session/tokens.js';
import type { WhatIf } from '../whatIf/whatIf.js';
import type { Picture } from './viewSnapshot.js';

/** What every part of the panel needs. */
export interface IEnv {
  readonly store: ISaturnStore;
  readonly commands: CommandRegistry;
  readonly whatIf: WhatIf;
  readonly trans: TranslationBundle;
  readonly picture: Picture;
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
export const useView = (): ISaturnStore.IView => useMoment().view;

/** The time, in seconds since the epoch; goes on by itself while something trains. */
export const useNow = (): number => useMoment().now;

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

function useMoment(): Picture.IMoment {
  const { picture } = useEnv();
  return useSyncExternalStore(
    listener => {
      picture.changed.connect(listener);
      return () => void picture.changed.disconnect(listener);
    },
    () => picture.moment
  );
}
