import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import type { IPanelSections } from '../session/tokens.js';

/** The sections of the panel, in order. */
export class PanelSections implements IPanelSections {
  get sections(): readonly IPanelSections.Section[] {
    return this._sections;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get wanted(): Promise<void> {
    return this._wanted;
  }

  want(): void {
    this._want();
  }

  add(section: IPanelSections.Section): IDisposable {
    if (this._sections.some(({ id }) => id === section.id)) {
      throw new Error(`The Saturn panel has a section ${section.id} already.`);
    }
    this._show([...this._sections, section].sort((a, b) => a.rank - b.rank));
    return new DisposableDelegate(() => this._show(this._sections.filter(other => other !== section)));
  }

  private _show(sections: readonly IPanelSections.Section[]): void {
    this._sections = sections;
    this._changed.emit();
  }

  private _want: () => void = () => undefined;
  private readonly _wanted = new Promise<void>(resolve => {
    this._want = resolve;
  });
  private readonly _changed = new Signal<this, void>(this);
  private _sections: readonly IPanelSections.Section[] = [];
}
