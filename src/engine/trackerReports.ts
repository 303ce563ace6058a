import type { SessionState, TrackerReport } from '../core/wire/messages.js';

/** What exporters have said last of what they tell trackers. It is in no journal: they say it again. */
export class TrackerReports {
  note(report: TrackerReport): void {
    this._reports.set(report.tracker, report);
  }

  /** Others are wanted: what was said is of exporters that may be no more. */
  clear(): void {
    this._reports.clear();
  }

  /** What is told where, with how far that is. */
  shown({ tracking }: SessionState): Pick<SessionState, 'tracking'> {
    if (!tracking) {
      return {};
    }
    return {
      tracking: tracking.map(state => {
        const report = this._reports.get(state.wish.tracker);
        return report ? { ...state, report } : state;
      })
    };
  }

  private readonly _reports = new Map<string, TrackerReport>();
}
