import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import type { SessionState } from '../../core/wire/messages.js';
import { type ISessionNews, sessionNews } from './sessionNews.js';
import type { TitleMark } from './titleMark.js';
import type { ToldOnce } from './toldOnce.js';

/** Tells of what became of sessions, as far as the user wants to know, each thing once. */
export class SessionNotifier implements IDisposable {
  constructor(private readonly _options: SessionNotifier.IOptions) {}

  /** Which news are told. */
  level: SessionNotifier.Level = 'all';

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /**
   * Take in what a session is now; the first of it is no news. Several notebooks and dashboards may tell of one session,
   * some of them late, or no more: what is not newer than what is known is no news either.
   */
  take(state: SessionState): void {
    const before = this._known.get(state.folder);
    if (this._isDisposed || (before && state.rev <= before.rev)) {
      return;
    }
    this._known.set(state.folder, state);
    for (const news of before ? sessionNews(before, state, this._options.trans) : []) {
      if (this.level === 'all' || (this.level === 'end' && news.kind === 'ended')) {
        this._options.mark.put(news.isTrouble ? '⚠' : '✓');
        void this._tell(news);
      }
    }
  }

  dispose(): void {
    this._isDisposed = true;
    this._known.clear();
    this._options.mark.dispose();
  }

  private async _tell(news: ISessionNews): Promise<void> {
    if ((await this._options.told.claim(news.key)) && !this._isDisposed) {
      this._options.notify(news);
    }
  }

  private readonly _known = new Map<string, SessionState>();
  private _isDisposed = false;
}

export namespace SessionNotifier {
  /** All news, the end of trainings alone, or none. */
  export type Level = 'all' | 'end' | 'none';

  export interface IOptions {
    trans: TranslationBundle;
    told: Pick<ToldOnce, 'claim'>;
    mark: Pick<TitleMark, 'put' | 'dispose'>;
    /** Shows news to the user. */
    notify: (news: ISessionNews) => void;
  }
}
