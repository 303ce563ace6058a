import type { Page, WebSocketRoute } from 'playwright-core';
import { toldState } from '../../src/core/wire/judged.js';
import type { Curve, SessionEntry, SessionState, TaskState } from '../../src/core/wire/messages.js';
import { stateChange } from '../../src/core/wire/stateChange.js';

const ID = '0123456789abcdef0123456789abcdef';
/** So many steps a task has logged. */
const LOGGED = 300;

/**
 * A session that only a page knows: what the Jupyter server would tell of it is told by the test, in the words of the
 * wire. The page's JupyterLab, and what it draws, are the real ones.
 */
export class PlayedSession {
  private constructor(
    private _state: SessionState,
    private readonly _loss: (task: TaskState, step: number) => number
  ) {}

  /**
   * Have a page know a session.
   *
   * @param notebook - path of the notebook that it was used in.
   * @param loss - what a task has logged after a step.
   */
  static async on(
    page: Page,
    state: SessionState,
    notebook: string,
    loss: (task: TaskState, step: number) => number = (_, step) => 2 / (1 + step / 50)
  ): Promise<PlayedSession> {
    const session = new PlayedSession(state, loss);
    await page.route('**/jupyterlab-saturn/sessions?*', route =>
      route.fulfill({ json: { sessions: [session._entry(notebook)] } })
    );
    await page.routeWebSocket(new RegExp(`/jupyterlab-saturn/sessions/${ID}`), socket =>
      session._open(socket)
    );
    return session;
  }

  /** Id of the session. */
  get id(): string {
    return ID;
  }

  /** How many lines of the page to it are open. */
  get lines(): number {
    return this._sockets.size;
  }

  /** Characters that it has told the page. */
  get told(): number {
    return this._told;
  }

  /** Tell what it has become, whatever that was made of. */
  tell(next: SessionState): void {
    const state = { ...next, rev: this._state.rev + 1 };
    const change = stateChange(this._state, state);
    this._state = state;
    for (const socket of this._sockets) {
      this._say(socket, 'change', change);
    }
  }

  private _open(socket: WebSocketRoute): void {
    this._sockets.add(socket);
    socket.onClose(() => this._sockets.delete(socket));
    socket.onMessage(data => {
      const { id, type, body } = JSON.parse(String(data)) as { id: string; type: string; body: never };
      this._answer(socket, type, body, id);
    });
  }

  private _answer(socket: WebSocketRoute, type: string, body: { tasks: string[] }, id: string): void {
    switch (type) {
      case 'hello':
        this._say(socket, 'kernel.status', { version: '0', session: 'many', attached: true }, id);
        this._say(socket, 'state', toldState(this._state));
        break;
      case 'state.taken':
        break;
      case 'curves.read':
        this._say(socket, 'curves', { curves: body.tasks.flatMap(task => this._curve(task)) }, id);
        break;
      case 'load.read':
        this._say(socket, 'load', { nodes: [] }, id);
        break;
      default:
        this._say(socket, 'ok', { rev: this._state.rev }, id);
    }
  }

  private _curve(name: string): Curve[] {
    const task = this._state.tasks.find(({ spec }) => spec.name === name);
    const [attempt] = task?.attempts ?? [];
    if (!task || !attempt) {
      return [];
    }
    const { step: last } = task.progress;
    const logged = Math.min(LOGGED, last);
    const steps = Array.from({ length: logged }, (_, i) => Math.round(((i + 1) * last) / logged));
    const { strategy, node, devices, requestedAt: time } = attempt;
    return [
      {
        ...{ task: name, metrics: ['loss'], steps, values: steps.map(step => this._loss(task, step)) },
        times: steps.map(step => time + step / 50),
        segments: [{ step: 0, attempt: 1, strategy, node, devices, time }],
        ...{ last, edition: 'one' }
      }
    ];
  }

  private _entry(notebook: string): SessionEntry {
    const { tasks, folder: path } = this._state;
    const count = (status: string) => tasks.filter(task => task.status === status).length;
    return {
      ...{ id: ID, session: 'many', folder: '', path, notebooks: [notebook], state: 'running', since: 7 },
      ...{ tasks: tasks.length, trained: count('finished'), failed: 0, running: count('running') }
    };
  }

  private _say(socket: WebSocketRoute, type: string, body: object, re?: string): void {
    const text = JSON.stringify({ v: 1, id: `s${this._count++}`, type, body, ...(re && { re }) });
    this._told += text.length;
    socket.send(text);
  }

  private readonly _sockets = new Set<WebSocketRoute>();
  private _told = 0;
  private _count = 0;
}
