import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';
import { CommandIDs } from './commands';
import type { AppModel } from './model';
import type { Store } from './store';

/** What every view may use. */
export interface Lab {
  readonly model: AppModel;
  readonly trans: TranslationBundle;
  readonly commands: CommandRegistry;
  /** Where to sign in to the hub again; null where there is no hub. */
  readonly signInUrl: string | null;
}

const LabContext = React.createContext<Lab | null>(null);

export const LabProvider = LabContext.Provider;

export function useLab(): Lab {
  const lab = React.useContext(LabContext);
  if (!lab) {
    throw new Error('a view outside of its panel');
  }
  return lab;
}

export function useStore<S>(store: Store<S>): S {
  return React.useSyncExternalStore(store.subscribe, store.snapshot);
}

export function openInNotebook({ commands }: Lab, pid: string): void {
  void commands.execute(CommandIDs.openInNotebook, { pid });
}
