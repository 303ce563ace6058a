import type { IDisposable } from '@lumino/disposable';

/** A sign before the page's title, of something that happened while nobody saw it; gone once it is seen. */
export class TitleMark implements IDisposable {
  constructor(private readonly _document: Document) {
    _document.addEventListener('visibilitychange', this._onVisible);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Put a sign before the title, unless the page is seen. */
  put(sign: string): void {
    if (this._document.visibilityState === 'hidden') {
      this._clear();
      this._mark = `${sign} `;
      this._document.title = this._mark + this._document.title;
    }
  }

  dispose(): void {
    this._isDisposed = true;
    this._document.removeEventListener('visibilitychange', this._onVisible);
    this._clear();
  }

  private readonly _onVisible = (): void => {
    if (this._document.visibilityState === 'visible') {
      this._clear();
    }
  };

  private _clear(): void {
    const { title } = this._document;
    if (this._mark !== '' && title.startsWith(this._mark)) {
      this._document.title = title.slice(this._mark.length);
    }
    this._mark = '';
  }

  private _mark = '';
  private _isDisposed = false;
}
