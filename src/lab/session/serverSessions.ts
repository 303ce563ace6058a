import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection as JupyterServer } from '@jupyterlab/services';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import type { SessionEntry, SessionList } from '../../core/wire/messages.js';
import type { ConnectionProblem } from './connectionProblem.js';
import { type ILentLine, LentLines } from './lentLines.js';
import { loadMessageChecks } from './messageChecks.js';
import { PageLine } from './pageLine.js';
import { ServerConnection } from './serverConnection.js';
import type { ISessionLine } from './sessionLine.js';
import { SessionModel } from './sessionModel.js';
import { SharedLines } from './sharedLines.js';
import type { ISessionModel, ISessions } from './tokens.js';

const PATH = 'jupyterlab-saturn/sessions';

/** While somebody looks, the list is asked for again after so long, in milliseconds. */
const PERIOD = 10_000;

/** The sessions that the Jupyter server knows of. */
export class ServerSessions implements ISessions {
  constructor(private readonly _options: ServerSessions.IOptions) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get sessionChanged(): ISignal<this, ISessionModel> {
    return this._sessionChanged;
  }

  get list(): readonly SessionEntry[] | null {
    return this._list;
  }

  get problem(): ConnectionProblem | null {
    return this._problem;
  }

  get inFront(): ISessionModel | null {
    return this._inFront;
  }

  set inFront(session: ISessionModel | null) {
    this._inFront = session;
    this._changed.emit();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  refresh(): Promise<void> {
    this._asked ??= this._ask().finally(() => {
      this._asked = null;
    });
    return this._asked;
  }

  watch(): IDisposable {
    this._watchers++;
    if (this._watchers === 1) {
      void this._look();
    }
    return new DisposableDelegate(() => {
      this._watchers--;
      if (this._watchers === 0) {
        clearTimeout(this._timer);
      }
    });
  }

  lend(line: ILentLine): IDisposable {
    return this._lent.lend(line);
  }

  connect(id: string): ISessionLine {
    return this._lines.take(id);
  }

  disconnect(id: string): void {
    this._lines.release(id);
  }

  open(id: string): ISessionModel {
    const opened = new Private.OpenSession(this.connect(id), () => {
      this.disconnect(id);
      const others = (this._opened.get(id) ?? []).filter(other => other !== opened);
      this._opened.set(id, others);
      if (this._inFront === opened) {
        this.inFront = null;
      }
    });
    this._opened.set(id, [...(this._opened.get(id) ?? []), opened]);
    opened.changed.connect(() => this._sessionChanged.emit(opened));
    return opened;
  }

  opened(id: string): ISessionModel | null {
    return this._opened.get(id)?.at(-1) ?? null;
  }

  dispose(): void {
    this._isDisposed = true;
    clearTimeout(this._timer);
    this._lent.dispose();
    Signal.clearData(this);
  }

  private async _look(): Promise<void> {
    if (!this._options.isHidden()) {
      await this.refresh();
    }
    clearTimeout(this._timer);
    if (this._watchers > 0 && !this._isDisposed) {
      this._timer = setTimeout(() => void this._look(), PERIOD);
    }
  }

  private async _ask(): Promise<void> {
    try {
      this._list = await this._fetch();
      this._problem = null;
    } catch (error) {
      this._problem = Private.problemOf(error);
    }
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private async _fetch(): Promise<readonly SessionEntry[]> {
    const { settings } = this._options;
    const url = URLExt.join(settings.baseUrl, PATH);
    const response = await JupyterServer.makeRequest(url, { method: 'GET' }, settings);
    if (!response.ok) {
      throw new JupyterServer.ResponseError(response);
    }
    const answer: unknown = await response.json();
    (await loadMessageChecks()).validate('SessionList', answer);
    return (answer as SessionList).sessions.sort(Private.byInterest);
  }

  private _socket(id: string): WebSocket {
    const { settings } = this._options;
    const url = URLExt.join(settings.wsUrl, PATH, encodeURIComponent(id));
    const token = settings.appendToken && settings.token !== '';
    return new settings.WebSocket(token ? `${url}?token=${encodeURIComponent(settings.token)}` : url);
  }

  private _through(id: string): ServerConnection {
    return new ServerConnection({
      open: () => this._socket(id),
      explain: async () => {
        await this.refresh();
        return this._problem;
      },
      random: this._options.random
    });
  }

  private readonly _lent = new LentLines();
  private readonly _lines = new SharedLines(
    id =>
      new PageLine({
        lent: this._lent,
        folder: () => this._list?.find(entry => entry.id === id)?.path,
        listed: this._changed,
        make: () => this._through(id)
      })
  );
  private readonly _opened = new Map<string, readonly ISessionModel[]>();
  private readonly _changed = new Signal<this, void>(this);
  private readonly _sessionChanged = new Signal<this, ISessionModel>(this);
  private _list: readonly SessionEntry[] | null = null;
  private _problem: ConnectionProblem | null = null;
  private _asked: Promise<void> | null = null;
  private _inFront: ISessionModel | null = null;
  private _watchers = 0;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _isDisposed = false;
}

export namespace ServerSessions {
  export interface IOptions {
    /** Where the Jupyter server is, and how it is asked. */
    readonly settings: JupyterServer.ISettings;
    /** Whether nobody can see the page. */
    readonly isHidden: () => boolean;
    /** From 0 up to 1. */
    readonly random: () => number;
  }
}

namespace Private {
  /** A session that somebody has open. */
  export class OpenSession extends SessionModel {
    constructor(
      line: ISessionLine,
      private readonly _onDispose: () => void
    ) {
      super(line);
    }

    override dispose(): void {
      if (!this.isDisposed) {
        super.dispose();
        this._onDispose();
      }
    }
  }

  const ORDER: Record<SessionEntry['state'], number> = { running: 0, idle: 1, asleep: 2 };

  /** Those that do something first, and what has changed last before what has changed long ago. */
  export const byInterest = (a: SessionEntry, b: SessionEntry) =>
    ORDER[a.state] - ORDER[b.state] || (b.since ?? 0) - (a.since ?? 0);

  export const problemOf = (error: unknown): ConnectionProblem => {
    switch (error instanceof JupyterServer.ResponseError ? error.response.status : null) {
      case 401:
      case 403:
        return { kind: 'not-allowed' };
      case 404:
        return { kind: 'no-server-extension' };
      default:
        return { kind: 'server-away' };
    }
  };
}
