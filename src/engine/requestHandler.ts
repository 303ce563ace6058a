import { ENGLISH } from '../core/model/translation.js';
import { admit, isRestated } from '../core/session/admission.js';
import { cloneSpec, needsWeights, parentOf } from '../core/session/clones.js';
import { fusionBase } from '../core/session/fusedRuns.js';
import { refuseMissingNode } from '../core/session/nodes.js';
import { findTask, type ISession } from '../core/session/session.js';
import { endedSweeps } from '../core/session/sweeps.js';
import { selectTasks, withNew } from '../core/session/tasks.js';
import { trackingEvent, trackingNode } from '../core/session/tracking.js';
import { wishesEvent } from '../core/session/wishRequests.js';
import { exportedFile } from '../core/view/export/exportedFile.js';
import { cacheView } from '../core/view/profile/cacheView.js';
import { render } from '../core/view/render.js';
import { SaturnError } from '../core/wire/failure.js';
import { toldState } from '../core/wire/judged.js';
import {
  type CurvesRead,
  type EngineMessages,
  type ExportFormat,
  failureOf,
  type Render,
  type SessionEvent,
  type SessionState,
  type TaskClone,
  type TaskState,
  type TasksAdd,
  type TrackSet
} from '../core/wire/messages.js';
import type { ConnectedClients } from './connectedClients.js';
import type { DeviceLoads } from './deviceLoads.js';
import type { IExecutor } from './executor/executor.js';
import type { History } from './history.js';
import { keepWeights } from './keptWeights.js';
import { digest, type PointSource } from './pointSource.js';
import type { ProfileCache } from './profileCache.js';
import { eventOfRequest, refuseBusy } from './requestEvents.js';
import type { IIncoming, MessageRouter } from './router.js';
import { wantedTasks } from './sweepRequests.js';
import { savedCheckpoints } from './taskFiles/savedCheckpoints.js';
import { shownCurves } from './taskFiles/shownCurves.js';
import type { TaskCurves } from './taskFiles/taskCurves.js';
import { readOutput } from './taskFiles/taskOutput.js';

/** Views that show what tasks have logged. */
const WITH_CURVES: ReadonlySet<Render['view']> = new Set(['run', 'results', 'log', 'report']);

/** Answers clients: what they ask is shown, what they want becomes an event. */
export class RequestHandler {
  constructor(private readonly _options: RequestHandler.IOptions) {}

  /**
   * Answer a client.
   *
   * @throws SaturnError when the request makes no sense now; nothing has happened then.
   */
  handle({ from, message }: IIncoming<'client'>): void {
    const { session, send, clients } = this._options;
    switch (message.type) {
      case 'hello':
      case 'state':
        clients.tellAll(from, message.id);
        return;
      case 'state.taken':
        clients.taken(from, message.body.rev);
        return;
      case 'ping':
        clients.tell(from);
        break;
      case 'render':
        this._answer(from, 'rendered', this._render(message.body), message.id);
        return;
      case 'export':
        this._answer(from, 'exported', this._export(message.body.format), message.id);
        return;
      case 'state.at':
        this._answer(from, 'state.was', this._stateAt(message.body.time), message.id);
        return;
      case 'load.read':
        send(from, 'load', this._options.loads.read(message.body.points, this._options.now()), message.id);
        return;
      case 'curves.read':
        this._answer(from, 'curves', this._curves(message.body), message.id);
        return;
      case 'output.read': {
        const task = this._task(message.body.task);
        this._answer(from, 'output', readOutput(session().state.folder, task, message.body), message.id);
        return;
      }
      case 'checkpoints.read':
        this._answer(from, 'checkpoints', this._checkpoints(message.body.task), message.id);
        return;
      case 'tasks.add':
        send(from, 'tasks.added', this._addTasks(message.body), message.id);
        return;
      case 'tasks.clone':
        send(from, 'tasks.added', this._clone(message.body), message.id);
        return;
      case 'cluster.set': {
        const { request, node } = message.body;
        if (node !== undefined) {
          refuseMissingNode(session().state, node);
        }
        refuseBusy(session(), 'The devices cannot be changed', node);
        this._options.executor.chooseDevices(request, node).then(
          () => send(from, 'ok', { rev: session().state.rev }, message.id),
          (error: unknown) => send(from, 'error', { error: failureOf(error) }, message.id)
        );
        return;
      }
      case 'cache.clear': {
        const signatures = session().state.tasks.flatMap(task =>
          [task.inspection?.signature, fusionBase(task)].filter(one => one !== undefined)
        );
        this._options.cache.clear(message.body.all === true ? 'all' : new Set(signatures));
        break;
      }
      case 'track.set': {
        const event = trackingEvent(session(), message.body);
        this._giveSecrets(message.body);
        this._options.apply(event);
        break;
      }
      default: {
        const event = eventOfRequest(message, session(), this._options.now());
        if (event) {
          this._options.apply(event);
        }
      }
    }
    send(from, 'ok', { rev: session().state.rev }, message.id);
  }

  /**
   * What is secret goes to the agent, which keeps it in memory: it is in no event.
   *
   * @throws SaturnError `no-agent` when nobody is there to keep it.
   */
  private _giveSecrets({ set, secrets }: TrackSet): void {
    if (!set || !secrets) {
      return;
    }
    const node = trackingNode(this._options.session().state);
    if (node === undefined) {
      throw new SaturnError({
        code: 'no-agent',
        message: 'The session has no agent at the moment that could tell a tracker.',
        hint: 'Try again in a few seconds.'
      });
    }
    const { tracker } = set;
    this._options.executor.execute({ kind: 'give-secrets', node, body: { tracker, secrets } });
  }

  /** Send what comes of a promise, or why nothing does. */
  private _answer<T extends keyof EngineMessages>(
    to: string,
    type: T,
    body: Promise<EngineMessages[T]>,
    re: string
  ): void {
    const { send } = this._options;
    body
      .then(answer => send(to, type, answer, re))
      // An answer that cannot be sent is no reason to end: files say what they like.
      .catch((error: unknown) => send(to, 'error', { error: failureOf(error) }, re));
  }

  private async _render({ view, tasks, at }: Render): Promise<EngineMessages['rendered']> {
    const { session, now, withEngineInfo, cache } = this._options;
    const shown = tasks && selectTasks(session(), tasks);
    const state = at === undefined ? withEngineInfo(session().state) : (await this._stateAt(at)).state;
    const time = at ?? now();
    if (view === 'cache') {
      return cacheView(state, cache.memory(), time, ENGLISH);
    }
    const curves =
      at === undefined && WITH_CURVES.has(view)
        ? await shownCurves(view, state, shown, this._options.curves)
        : [];
    const drawn = view === 'plan' && at !== undefined ? 'past-plan' : view;
    return render(drawn, state, time, ENGLISH, shown, curves);
  }

  private async _export(format: ExportFormat): Promise<EngineMessages['exported']> {
    const { session, now, withEngineInfo, curves } = this._options;
    const state = withEngineInfo(session().state);
    const shown = format === 'html' ? await shownCurves('report', state, undefined, curves) : [];
    return { text: exportedFile(format, state, now(), ENGLISH, shown).text };
  }

  private async _stateAt(time: number): Promise<EngineMessages['state.was']> {
    const { history, now } = this._options;
    return { time, ...toldState(await history.stateAt(time, now())) };
  }

  private async _curves(request: CurvesRead): Promise<EngineMessages['curves']> {
    const { curves, session } = this._options;
    return { curves: await curves.read(session().state.tasks, request) };
  }

  private async _checkpoints(name: string): Promise<EngineMessages['checkpoints']> {
    const { folder } = this._options.session().state;
    return { checkpoints: await savedCheckpoints(folder, this._task(name).spec) };
  }

  /** @throws SaturnError `unknown-task`. */
  private _task(name: string): TaskState {
    const session = this._options.session();
    selectTasks(session, [name]);
    return findTask(session, name) as TaskState;
  }

  private _clone(clone: TaskClone): EngineMessages['tasks.added'] {
    const session = this._options.session();
    const { spec } = parentOf(session, clone);
    const kept = needsWeights(clone) ? keepWeights(session.state.folder, spec, clone) : undefined;
    return this._addTasks({ tasks: [cloneSpec(session, clone, kept, digest)] });
  }

  private _addTasks(request: TasksAdd): EngineMessages['tasks.added'] {
    const now = this._options.session();
    const { tasks, sweep, by, made } = wantedTasks(request, now, this._options.points);
    const { replace = false, wishes } = request;
    const { added, replaced, unchanged } = admit(now, tasks, replace);
    const over = unchanged.filter(({ name }) => findTask(now, name)?.status === 'finished');
    const asking = tasks.filter(spec => !over.includes(spec)).map(spec => spec.name);
    const wishedOf = (session: ISession): SessionEvent | undefined =>
      wishes && asking.length > 0
        ? wishesEvent(session, { tasks: [{ ...wishes, tasks: asking }] }, this._options.now())
        : undefined;
    // What makes no sense is refused before anything has happened.
    wishedOf(withNew(now, [...added, ...replaced]));
    const known = new Map(now.state.tasks.map(({ spec }) => [spec.name, spec]));
    const moved = unchanged.filter(spec => isRestated(spec, known.get(spec.name) ?? spec));
    const isOver = !sweep && endedSweeps(now, tasks).size > 0;
    if (added.length + replaced.length + moved.length > 0 || sweep || isOver) {
      const all = isOver ? [...tasks] : [...added, ...replaced, ...moved];
      this._options.apply({ kind: 'tasks-added', tasks: all, ...(sweep && { sweep, made }) });
    }
    const wished = wishedOf(this._options.session());
    if (wished) {
      this._options.apply(wished);
    }
    const names = (specs: readonly { name: string }[]): string[] => specs.map(spec => spec.name);
    return {
      rev: this._options.session().state.rev,
      added: names(added),
      replaced: names(replaced),
      unchanged: names(unchanged),
      ...(by && { by })
    };
  }
}

/** Namespace of {@link RequestHandler}. */
export namespace RequestHandler {
  export interface IOptions {
    /** The session as it is now. */
    readonly session: () => ISession;
    /** Who are told what it is, and what changes. */
    readonly clients: Pick<ConnectedClients, 'tell' | 'tellAll' | 'taken'>;
    /** A state with what the engine alone knows. */
    readonly withEngineInfo: (state: SessionState) => SessionState;
    /** Journal an event and act on it. */
    readonly apply: (event: SessionEvent) => void;
    readonly send: MessageRouter['send'];
    readonly executor: IExecutor;
    readonly cache: ProfileCache;
    /** Thinks up the points of sweeps. */
    readonly points: PointSource;
    readonly history: History;
    /** How busy the devices are. */
    readonly loads: DeviceLoads;
    readonly curves: TaskCurves;
    /** Seconds since the epoch. */
    readonly now: () => number;
  }
}
