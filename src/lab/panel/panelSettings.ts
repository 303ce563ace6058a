import type { ISettingRegistry } from '@jupyterlab/settingregistry';

/** The extension's settings; schema/lab/plugin.json describes them and holds the defaults. */
export interface ISettings {
  /** Side bar of the panel. */
  readonly panelSide: 'left' | 'right';
  /** Whether to attach again by itself after a kernel restart. */
  readonly reattach: boolean;
  /** How long a what-if question is worked on, in seconds. */
  readonly whatIfSeconds: number;
  /** What notifications tell of: everything, the end of trainings alone, or nothing. */
  readonly notifications: 'all' | 'end' | 'none';
}

/** The plugin whose settings they are: JupyterLab names settings after plugins. */
export const SETTINGS_ID = 'jupyterlab-saturn:plugin';

/** What holds where there is no setting registry. */
const FALLBACK: ISettings = { panelSide: 'right', reattach: true, whatIfSeconds: 2, notifications: 'all' };

/** Call `apply` with the settings now and whenever they change. */
export async function followSettings(
  registry: ISettingRegistry | null,
  apply: (settings: ISettings) => void
): Promise<void> {
  const settings = await registry?.load(SETTINGS_ID).catch(() => undefined);
  if (!settings) {
    apply(FALLBACK);
    return;
  }
  const read = () => apply({ ...FALLBACK, ...(settings.composite as Partial<ISettings>) });
  settings.changed.connect(read);
  read();
}
