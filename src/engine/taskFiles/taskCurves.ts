import { setTimeout as sleep } from 'node:timers/promises';
import type { Curve, CurveSegment, CurvesRead, TaskState } from '../../core/wire/messages.js';
import type { IDisposable } from '../disposable.js';
import { TaskFolder } from './taskFolder.js';
import { TaskLog } from './taskLog.js';
import { Turns } from './turns.js';

/** Points of an answer, all tasks together: it stays well below the largest message, and is soon written. */
const MOST_POINTS = 30_000;

const LEAST_POINTS = 2;

/** Names of metrics in an answer, all tasks together. */
const MOST_NAMES = 15_000;

/** Steps that are read from files again for an answer, all tasks together. */
const MOST_REREAD = 32_768;

/** Logs that are read at the same time. */
const AT_ONCE = 4;

/** In milliseconds: a view is better off with part of the curves than without any. */
const PATIENCE = 500;

/** The curves of a session's tasks, as their logs have them: read when somebody asks, and kept in bounded form. */
export class TaskCurves implements IDisposable {
  private readonly _logs = new Map<string, TaskLog>();
  private readonly _updates = new Map<TaskLog, Promise<void>>();
  private readonly _following = new Turns(AT_ONCE);
  /** Apart: who asks for what is there does not wait until everything new was read. */
  private readonly _answering = new Turns(AT_ONCE);

  /** @param _folder - of the session. */
  constructor(private readonly _folder: string) {}

  dispose(): void {
    this._keepOnly(new Set());
  }

  /**
   * What some tasks have logged of a metric.
   *
   * @param tasks - all tasks of the session.
   * @param picture - for a picture, which is drawn once: it waits longer than a view that asks again, so many milliseconds,
   *   and its logs are read before those of views. What was read by then is told, while the rest is read on.
   */
  async read(
    tasks: readonly TaskState[],
    request: CurvesRead,
    picture?: { readonly patience: number }
  ): Promise<Curve[]> {
    const known = new Map(tasks.map(task => [task.spec.name, task]));
    this._keepOnly(known);
    const asked = [...new Set(request.tasks)].flatMap(name => {
      const task = known.get(name);
      return task ? [{ task, log: this._logOf(name) }] : [];
    });
    const waiting = new AbortController();
    const updated = asked.map(({ log }) => this._updated(log));
    if (picture) {
      this._following.prefer(new Set(asked.map(({ log }) => log)));
    }
    await Promise.race([
      Promise.all(updated),
      sleep(picture?.patience ?? PATIENCE, undefined, { signal: waiting.signal }).catch(() => undefined)
    ]);
    waiting.abort();
    const share = Math.max(1, asked.length);
    const query = {
      metric: request.metric,
      points: Math.max(LEAST_POINTS, Math.min(request.points, Math.floor(MOST_POINTS / share))),
      from: request.from ?? 0,
      to: request.to ?? Number.MAX_SAFE_INTEGER,
      reread: Math.floor(MOST_REREAD / share)
    };
    const told = asked.map(async ({ task, log }): Promise<Curve> => {
      const points = await this._answering.take(() => log.read(query));
      return {
        task: task.spec.name,
        metrics: log.metrics.slice(0, Math.floor(MOST_NAMES / share)),
        ...points,
        segments: segmentsOf(task),
        last: log.lastStep(request.metric),
        edition: log.edition(request.metric),
        ...(this._updates.has(log) && { unread: Math.max(1, log.unread) })
      };
    });
    return Promise.all(told);
  }

  private _logOf(name: string): TaskLog {
    let log = this._logs.get(name);
    if (!log) {
      log = new TaskLog(new TaskFolder(this._folder, name).log);
      this._logs.set(name, log);
    }
    return log;
  }

  /** Forget the logs of tasks that are there no more. */
  private _keepOnly(names: { has(name: string): boolean }): void {
    for (const [name, log] of this._logs) {
      if (!names.has(name)) {
        log.dispose();
        this._logs.delete(name);
      }
    }
  }

  /** Resolves when a log was read to its end; one that is being read already is not read twice. */
  private _updated(log: TaskLog): Promise<void> {
    let update = this._updates.get(log);
    if (!update) {
      update = this._following.take(() => log.update(), log).finally(() => this._updates.delete(log));
      this._updates.set(log, update);
    }
    return update;
  }
}

/** The attempts of a task that trained. */
function segmentsOf({ attempts }: TaskState): CurveSegment[] {
  return attempts.flatMap(({ number, strategy, node, devices, startedAt, fromStep = 0 }) =>
    startedAt === undefined
      ? []
      : [{ step: fromStep, time: startedAt, attempt: number, strategy, node, devices }]
  );
}
