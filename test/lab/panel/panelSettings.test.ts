import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Signal } from '@lumino/signaling';
import { describe, expect, it } from 'vitest';
import schema from '../../../schema/lab/plugin.json' with { type: 'json' };
import { followSettings, type ISettings } from '../../../src/lab/panel/panelSettings.js';

const defaults = Object.fromEntries(
  Object.entries(schema.properties).map(([name, property]) => [name, property.default])
);

describe('followSettings', () => {
  it('stands in with the defaults of the schema where there is no registry', async () => {
    const seen: ISettings[] = [];
    await followSettings(null, settings => void seen.push(settings));
    expect(seen).toEqual([defaults]);
  });

  it('applies settings at once and again on each change', async () => {
    const settings = { composite: { ...defaults }, changed: new Signal<object, void>({}) };
    const registry = { load: () => Promise.resolve(settings) } as unknown as ISettingRegistry;
    const sides: string[] = [];
    await followSettings(registry, ({ panelSide }) => void sides.push(panelSide));
    settings.composite.panelSide = 'left';
    settings.changed.emit();
    expect(sides).toEqual(['right', 'left']);
  });

  it('goes on with the defaults when settings cannot be loaded', async () => {
    const registry = { load: () => Promise.reject(new Error('No schema')) } as unknown as ISettingRegistry;
    const seen: ISettings[] = [];
    await followSettings(registry, settings => void seen.push(settings));
    expect(seen).toEqual([defaults]);
  });
});
