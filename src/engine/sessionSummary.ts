import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { activeTasks, countOf } from '../core/session/taskTable.js';
import { failureOf, type SessionState, type SessionSummary, validate } from '../core/wire/messages.js';

/**
 * The file that tells how far a session is: for who lists sessions, whether or not their engines run. It is written when
 * what it says has changed; that it cannot be is no reason to do less.
 */
export class SessionSummaryFile {
  private _told: SessionSummary | null;

  constructor(private readonly _options: SessionSummaryFile.IOptions) {
    // What the engine before has told goes on: since when the session runs, or idles.
    this._told = summaryIn(_options.path);
  }

  /** Note what the session is now. */
  note(state: SessionState): void {
    const now = this._options.now();
    const summary = summaryOf(state, this._told, now);
    if (this._told && isSame(this._told, summary)) {
      return;
    }
    this._told = summary;
    const { path, log } = this._options;
    try {
      const temporary = `${path}.${process.pid}.tmp`;
      writeFileSync(temporary, JSON.stringify(summary), { mode: 0o600 });
      renameSync(temporary, path);
    } catch (error) {
      log(`no summary: ${failureOf(error).message}`);
    }
  }
}

/** How far a session is. */
export function summaryOf(state: SessionState, before: SessionSummary | null, now: number): SessionSummary {
  const { goal, tasks } = state;
  const summary = {
    goal,
    tasks: tasks.length,
    trained: countOf(tasks, 'finished'),
    failed: countOf(tasks, 'failed'),
    running: activeTasks(tasks).length
  };
  const wasBusy = before && isBusy(before);
  return { ...summary, since: before && wasBusy === isBusy(summary) ? before.since : now };
}

/** What a file tells; null when that makes no sense. */
function summaryIn(path: string): SessionSummary | null {
  try {
    const summary: unknown = JSON.parse(readFileSync(path, 'utf8'));
    validate('SessionSummary', summary);
    return summary as SessionSummary;
  } catch {
    return null;
  }
}

const isBusy = ({ goal, running }: Pick<SessionSummary, 'goal' | 'running'>): boolean =>
  goal !== 'none' || running > 0;

const isSame = (a: SessionSummary, b: SessionSummary): boolean =>
  (Object.keys(b) as (keyof SessionSummary)[]).every(key => a[key] === b[key]);

/** Namespace of {@link SessionSummaryFile}. */
export namespace SessionSummaryFile {
  export interface IOptions {
    readonly path: string;
    /** Seconds since the epoch. */
    readonly now: () => number;
    /** One line for the engine's log. */
    readonly log: (line: string) => void;
  }
}
