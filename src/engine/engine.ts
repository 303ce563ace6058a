import { join } from 'node:path';
import { ENGLISH } from '../core/model/translation.js';
import type { Command } from '../core/session/command.js';
import { dueEvent } from '../core/session/dueEvent.js';
import { overdueNodes } from '../core/session/nodes.js';
import { openRenewals } from '../core/session/population.js';
import { emptySession, type ISession } from '../core/session/session.js';
import { step } from '../core/session/step.js';
import { storageEvent } from '../core/session/storage.js';
import {
  isAwaitedSuggestion,
  openSuggestions,
  type SuggestCommand,
  withoutQuestion
} from '../core/session/sweeps.js';
import { hasActive } from '../core/session/taskTable.js';
import { progressLine } from '../core/view/status/progressLine.js';
import { SaturnError } from '../core/wire/failure.js';
import {
  failureOf,
  type Message,
  type PlanRequest,
  type SessionEvent,
  type SessionState
} from '../core/wire/messages.js';
import { forgetClaims } from './attemptClaims.js';
import { CacheSync } from './cacheSync.js';
import { ConnectedClients } from './connectedClients.js';
import { DeviceLoads } from './deviceLoads.js';
import { DiskMeter } from './diskUse.js';
import type { IDisposable } from './disposable.js';
import type { IExecutor } from './executor/executor.js';
import type { History } from './history.js';
import { Journal } from './journal/journal.js';
import { SessionSnapshots } from './journal/sessionSnapshots.js';
import { JournalCompaction } from './journalCompaction.js';
import { dropWeights } from './keptWeights.js';
import { SessionPlanner } from './planner/sessionPlanner.js';
import { PointSource } from './pointSource.js';
import { renewedPopulation } from './populationRenewal.js';
import { ProfileCache } from './profileCache.js';
import { RequestHandler } from './requestHandler.js';
import { openingEvents, restoreSession } from './restoredSession.js';
import type { MessageRouter } from './router.js';
import { SessionSummaryFile } from './sessionSummary.js';
import { archiveTasks, unarchived } from './taskArchive.js';
import { TaskCurves } from './taskFiles/taskCurves.js';
import { TpeAdvisor } from './tpeAdvisor.js';
import { TrackerReports } from './trackerReports.js';
import { VERSION } from './version.js';

const TICK = 1000;

/** Name of the file, in the session's folder, that tells how far it is. */
const SUMMARY = 'summary.json';

/** The disk is looked at so long after something was written, in milliseconds. */
const DISK_DELAY = 5000;

/** Who had to replay more records than this writes a snapshot, so that the next start is quick. */
const MOST_REPLAYED = 4096;

/**
 * The engine of a session: owns the only copy of its state. Every event is written to the journal
 * before anything is done about it; then the state machine's commands go out to executor and planner.
 */
export class Engine implements IDisposable {
  private readonly _executor: IExecutor;
  private readonly _clients: ConnectedClients;
  private readonly _planner: SessionPlanner;
  private readonly _cache: ProfileCache;
  private readonly _cacheSync: CacheSync;
  private readonly _compaction: JournalCompaction;
  private readonly _disk: DiskMeter;
  private readonly _loads = new DeviceLoads();
  private readonly _curves: TaskCurves;
  private readonly _trackers = new TrackerReports();
  private readonly _points: PointSource;
  private readonly _requestHandler: RequestHandler;
  private readonly _summary: SessionSummaryFile;
  private readonly _timer: NodeJS.Timeout;
  private _session: ISession;
  private _tickedAt: number;

  private constructor(
    private readonly _options: Engine.IOptions,
    private readonly _journal: Journal,
    snapshots: SessionSnapshots,
    private readonly _history: History,
    session: ISession
  ) {
    this._session = session;
    this._tickedAt = _options.now();
    const { router, now, log } = _options;
    this._clients = new ConnectedClients({
      now,
      state: () => this._publicState(),
      send: (...message) => router.send(...message),
      log
    });
    this._planner = new SessionPlanner({
      planner: _options.planner,
      now,
      onDraft: () => this._showOther({}),
      log
    });
    this._cache = new ProfileCache(_options.cache);
    this._cacheSync = new CacheSync(this._cache);
    this._compaction = new JournalCompaction({
      journal: _journal,
      snapshots,
      history: _history,
      now,
      log
    });
    this._disk = new DiskMeter({
      folder: _options.folder,
      delay: DISK_DELAY,
      onChange: () => this._showOther({}, 'progress')
    });
    this._summary = new SessionSummaryFile({ path: join(_options.folder, SUMMARY), now, log });
    this._curves = new TaskCurves(_options.folder);
    this._executor = _options.executor({
      take: report => {
        this._apply(report);
        return this._session.state.rev;
      },
      noteLoad: load => this._loads.note(load),
      noteTracker: report => {
        this._trackers.note(report);
        this._showOther({}, 'progress');
      },
      now,
      log
    });
    this._points = new PointSource({ tpe: new TpeAdvisor(this._executor) });
    this._requestHandler = new RequestHandler({
      session: () => this._session,
      clients: this._clients,
      withEngineInfo: state => this._withEngineInfo(state),
      apply: event => this._apply(event),
      send: (...message) => router.send(...message),
      executor: this._executor,
      cache: this._cache,
      points: this._points,
      history: this._history,
      loads: this._loads,
      curves: this._curves,
      now
    });
    router.onClient = incoming => {
      refuseOtherVersion(incoming.message);
      if (incoming.message.type === 'hello' && incoming.message.body.follows === true) {
        this._clients.follows(incoming.from);
      }
      this._clients.seen(incoming.from);
      this._requestHandler.handle(incoming);
    };
    // What is not yet on disk nobody is told: it may be forgotten.
    router.safe = () => this._journal.forced();
    this._timer = setInterval(() => this._tick(), TICK);
  }

  /**
   * Open the session's journal, replay what no snapshot tells, and listen.
   *
   * @throws SaturnError when the journal cannot be opened or read.
   */
  static async start(options: Engine.IOptions): Promise<Engine> {
    const { now, folder } = options;
    const journal = Journal.open(options.journal, options.abort);
    const snapshots = new SessionSnapshots(Journal.archiveOf(options.journal), options.build);
    const restored = restoreSession(journal, snapshots, emptySession(options.session, folder));
    const { session, history, archived } = restored;
    // Revisions grow across restarts, so that a client never waits for one that is past.
    const rev = Math.max(session.state.rev, Math.floor(now() * 1000));
    const engine = new Engine(options, journal, snapshots, history, {
      ...session,
      state: { ...session.state, rev }
    });
    if (!journal.damage) {
      engine._archive(unarchived(folder, session, archived));
    }
    if (journal.damage || journal.seq === 0) {
      forgetClaims(folder);
    }
    for (const event of openingEvents(journal, restored, now())) {
      engine._apply(event);
    }
    for (const command of [...openRenewals(engine._session), ...openSuggestions(engine._session)]) {
      engine._execute(command);
    }
    if (restored.replayed > MOST_REPLAYED) {
      engine._compaction.beginPart(engine._session);
    } else {
      engine._compaction.compress();
    }
    await options.router.bind(options.endpoint);
    return engine;
  }

  /** Stop listening, after what is still to be sent; running ranks go on. */
  async close(): Promise<void> {
    clearInterval(this._timer);
    this._summary.note(this._session.state);
    this._clients.dispose();
    this._disk.dispose();
    this._curves.dispose();
    this._executor.dispose();
    await this._journal.forced();
    await this._compaction.settled();
    await this._options.router.close();
    this._planner.dispose();
    this._journal.dispose();
  }

  dispose(): void {
    void this.close();
  }

  /** Journal an event, take it in, act on it, and tell the clients. Throws when it cannot be journaled. */
  private _apply(event: SessionEvent): void {
    const time = this._options.now();
    // Progress is worth no disk write: checkpoints say where a task goes on.
    const progress = event.kind === 'group' && event.event.kind === 'step';
    let taken = step(this._session, event, time);
    if (!progress) {
      const cells = this._cacheSync.before(this._session, event, taken.session);
      if (cells.length > 0) {
        this._apply({ kind: 'cells-recalled', cells });
        taken = step(this._session, event, time);
      }
      this._journal.append(event, time);
      if (event.kind === 'tracking-set') {
        this._trackers.clear();
      }
      this._cacheSync.after(this._session, event, taken.session, time);
    }
    const { session, commands } = taken;
    const { nodes } = session.state;
    if (nodes !== this._session.state.nodes) {
      this._loads.keep(new Set(nodes?.map(({ id }) => id)));
    }
    this._session = session;
    if (!progress) {
      this._history.note(this._journal.seq, time, session);
      this._disk.changed();
    }
    for (const command of commands) {
      this._execute(command);
    }
    this._clients.changed(progress ? 'progress' : 'change');
  }

  private _execute(command: Command): void {
    switch (command.kind) {
      case 'plan':
        void this._plan(command.planRevision, command.request);
        break;
      case 'suggest':
        void this._suggest(command);
        break;
      case 'renew':
        this._applyDue(renewedPopulation(this._session, command.sweep));
        break;
      case 'cancel-plan':
        this._planner.cancel();
        break;
      case 'note':
        this._apply(command.event);
        break;
      case 'archive':
        void this._journal.forced().then(() => this._archive(command.tasks));
        break;
      default:
        this._executor.execute(command);
    }
  }

  private _archive(tasks: readonly string[]): void {
    try {
      archiveTasks(this._options.folder, tasks, Math.floor(this._options.now() * 1000));
      dropWeights(this._options.folder, this._session);
    } catch (error) {
      this._options.log(`cannot archive: ${failureOf(error).message}`);
    }
  }

  private _publicState(): SessionState {
    const state = this._planner.withDraft(this._session.state, this._session.planRevision);
    return { ...this._withEngineInfo(state), progress: progressLine(state, this._options.now(), ENGLISH) };
  }

  /** A state with what the engine alone knows, and is not part of the session's history. */
  private _withEngineInfo(state: SessionState): SessionState {
    const { trouble } = this._cacheSync;
    const { profiled, selection } = this._session;
    return {
      ...state,
      ...(this._disk.use && { disk: this._disk.use }),
      profiled,
      ...(selection && state.goal === 'run' ? { selected: [...selection] } : {}),
      ...this._trackers.shown(state),
      ...(trouble ? { notices: [...state.notices, trouble] } : {})
    };
  }

  /** Take in what the clock or the disk says. Returns whether that could be journaled; else it is tried again. */
  private _applyDue(event: SessionEvent): boolean {
    try {
      this._apply(event);
      return true;
    } catch (error) {
      this._options.log(`${event.kind} waits: ${failureOf(error).message}`);
      return false;
    }
  }

  private async _plan(planRevision: number, request: PlanRequest): Promise<void> {
    const event = await this._planner.answer(planRevision, request);
    const { planning, probing } = this._session.state;
    if (planRevision !== this._session.planRevision || !(planning || probing)) {
      return;
    }
    try {
      this._apply(event);
    } catch (error) {
      this._options.log(`the plan is lost: ${failureOf(error).message}`);
      this._showOther({ planning: false, probing: false });
    }
  }

  private async _suggest(command: SuggestCommand): Promise<void> {
    const asked = this._session;
    const points = await this._points.choose(asked, command);
    if (!isAwaitedSuggestion(asked, this._session, command)) {
      return;
    }
    try {
      this._apply(this._points.event(this._session, command, points));
    } catch (error) {
      this._options.log(`the points are lost: ${failureOf(error).message}`);
      this._showOther(withoutQuestion(this._session.state, command.sweep));
    }
  }

  /** Show clients what is no event, and not part of the session's history. */
  private _showOther(shown: Partial<SessionState>, urgency?: ConnectedClients.Urgency): void {
    const { state } = this._session;
    this._session = { ...this._session, state: { ...state, ...shown, rev: state.rev + 1 } };
    this._clients.changed(urgency);
  }

  private _tick(): void {
    const now = this._options.now();
    this._summary.note(this._session.state);
    for (const node of overdueNodes(this._session, now)) {
      this._applyDue({ kind: 'node-away', node });
    }
    for (const command of openRenewals(this._session)) {
      this._execute(command);
    }
    const due = dueEvent(this._session, this._tickedAt, now);
    if (!due || this._applyDue(due)) {
      this._tickedAt = now;
    }
    const room = storageEvent(this._session, this._options.freeBytes(), now);
    if (room) {
      this._applyDue(room);
    }
    if (this._journal.isLong) {
      this._compaction.beginPart(this._session);
    }
    const { goal, tasks, trials } = this._session.state;
    const busy = goal !== 'none' || hasActive(tasks) || trials.length > 0;
    if (!busy && this._clients.silence > this._options.idleSeconds) {
      this._executor.shutdown();
    }
  }
}

/** A client of another version would misunderstand, or be misunderstood. */
function refuseOtherVersion(message: Message<'client'>): void {
  if (message.type === 'hello' && message.body.version !== VERSION) {
    throw new SaturnError({
      code: 'other-version',
      message: `The session runs version ${VERSION} of jupyterlab_saturn, this notebook ${message.body.version}.`,
      hint: 'Restart the kernel. If the session is the older one, end its process jupyterlab_saturn.agent as well: the next %saturn command starts it again, and it goes on from the last checkpoints.'
    });
  }
}

/** Namespace of {@link Engine}. */
export namespace Engine {
  export interface IOptions {
    /** Name of the session. */
    readonly session: string;
    /** Its folder. */
    readonly folder: string;
    /** Path of its journal. */
    readonly journal: string;
    /** ZeroMQ endpoint to bind, `ipc://...`. */
    readonly endpoint: string;
    /** Not yet bound; the engine closes it. */
    readonly router: MessageRouter;
    /** Makes what owns devices and processes. */
    readonly executor: (context: IExecutor.IContext) => IExecutor;
    /** With nothing to do and no client for this long, the executor is told to leave. */
    readonly idleSeconds: number;
    /** Folder of the measurements of all sessions. */
    readonly cache: string;
    readonly planner: SessionPlanner.IPlanner;
    /** How much may still be written to the session's folder; undefined where that cannot be told. */
    readonly freeBytes: () => number | undefined;
    /** Seconds since the epoch. */
    readonly now: () => number;
    /** Tells the program that runs from any other: what one has written to go on faster, no other goes on with. */
    readonly build: string;
    /** End at once: what was promised cannot be kept, and is to be begun anew from what is on disk. */
    readonly abort: (error: SaturnError) => void;
    /** One line for the engine's log. */
    readonly log: (line: string) => void;
  }
}
