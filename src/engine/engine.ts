import { join } from 'node:path';
import { begunBetween } from '../core/session/begun.js';
import type { Command } from '../core/session/command.js';
import type { ISession } from '../core/session/session.js';
import { step } from '../core/session/step.js';
import { hasActive } from '../core/session/taskTable.js';
import { failureOf, type PlanRequest, type SessionEvent, type SessionState } from '../core/wire/messages.js';
import { CacheSync } from './cacheSync.js';
import { refuseOtherVersion } from './clientVersion.js';
import { ConnectedClients } from './connectedClients.js';
import { DeviceLoads } from './deviceLoads.js';
import { DiskMeter } from './diskUse.js';
import type { IDisposable } from './disposable.js';
import type { IEngineOptions } from './engineOptions.js';
import type { IExecutor } from './executor/executor.js';
import type { History } from './history.js';
import type { Journal } from './journal/journal.js';
import { JournalCompaction } from './journalCompaction.js';
import { type IOpenedSession, openSession } from './openedSession.js';
import { SessionPlanner } from './planner/sessionPlanner.js';
import { PointSource } from './pointSource.js';
import { ProfileCache } from './profileCache.js';
import { RequestHandler } from './requestHandler.js';
import { SessionClock } from './sessionClock.js';
import { SessionSummaryFile } from './sessionSummary.js';
import { ShownState } from './shownState.js';
import { SweepCommands } from './sweepCommands.js';
import { setAside } from './taskArchive.js';
import { TaskCurves } from './taskFiles/taskCurves.js';
import { TpeAdvisor } from './tpeAdvisor.js';
import { TrackerReports } from './trackerReports.js';

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
  private readonly _sweeps: SweepCommands;
  private readonly _shown: ShownState;
  private readonly _requestHandler: RequestHandler;
  private readonly _summary: SessionSummaryFile;
  private readonly _clock: SessionClock;
  private readonly _journal: Journal;
  private readonly _history: History;
  private _session: ISession;

  private constructor(
    private readonly _options: IEngineOptions,
    { journal, snapshots, history, session }: IOpenedSession
  ) {
    this._session = session;
    this._journal = journal;
    this._history = history;
    const { router, now, log } = _options;
    this._clients = new ConnectedClients({
      now,
      state: () => this._shown.now(),
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
    this._compaction = new JournalCompaction({ journal, snapshots, history, now, log });
    this._disk = new DiskMeter({
      folder: _options.folder,
      delay: DISK_DELAY,
      onChange: () => this._showOther({}, 'progress')
    });
    this._shown = new ShownState({
      session: () => this._session,
      planner: this._planner,
      disk: this._disk,
      cache: this._cacheSync,
      trackers: this._trackers,
      now
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
    const points = new PointSource({ tpe: new TpeAdvisor(this._executor) });
    this._sweeps = new SweepCommands({
      session: () => this._session,
      points,
      apply: event => this._apply(event),
      show: shown => this._showOther(shown),
      log
    });
    this._requestHandler = new RequestHandler({
      session: () => this._session,
      clients: this._clients,
      withEngineInfo: state => this._shown.of(state),
      apply: event => this._apply(event),
      send: (...message) => router.send(...message),
      executor: this._executor,
      cache: this._cache,
      points,
      history,
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
    this._clock = new SessionClock({
      session: () => this._session,
      now,
      freeBytes: _options.freeBytes,
      apply: event => this._apply(event),
      onTick: () => this._look(),
      log
    });
  }

  /**
   * Open the session's journal, replay what no snapshot tells, and listen.
   *
   * @throws SaturnError when the journal cannot be opened or read.
   */
  static async start(options: IEngineOptions): Promise<Engine> {
    const opened = openSession(options);
    const engine = new Engine(options, opened);
    engine._archive(opened.unarchived);
    for (const event of opened.events) {
      engine._apply(event);
    }
    engine._sweeps.resume();
    if (opened.replayed > MOST_REPLAYED) {
      engine._compaction.beginPart(engine._session);
    } else {
      engine._compaction.compress();
    }
    await options.router.bind(options.endpoint);
    return engine;
  }

  /** Stop listening, after what is still to be sent; running ranks go on. */
  async close(): Promise<void> {
    this._clock.dispose();
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
      this._journal.append(event, time, begunBetween(this._session, taken.session));
      if (event.kind === 'tracking-set') {
        this._trackers.clear();
      }
      this._cacheSync.after(this._session, event, taken.session, time);
    }
    const { session, commands } = taken;
    this._loads.keep(session.state.nodes);
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
      case 'renew':
        this._sweeps.execute(command);
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
    const { folder, now, log } = this._options;
    setAside({ folder, tasks, session: this._session, time: now(), log });
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

  /** Show clients what is no event, and not part of the session's history. */
  private _showOther(shown: Partial<SessionState>, urgency?: ConnectedClients.Urgency): void {
    const { state } = this._session;
    this._session = { ...this._session, state: { ...state, ...shown, rev: state.rev + 1 } };
    this._clients.changed(urgency);
  }

  /** What is done each second besides what the clock says. */
  private _look(): void {
    this._summary.note(this._session.state);
    this._sweeps.retry();
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
