"""Tells one tracker of all tasks of a session, while they train and after."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from ..errors import SaturnError, failure_of
from ..paths import SessionPaths
from ..private_folders import ensure_private
from .followed_run import FollowedRun
from .runs import growing_sweeps, key_of, outcome_of, sweep_of
from .told_notes import ToldNotes
from .tracker import Tracker

if TYPE_CHECKING:
    from ..generated.wire_types import (
        Failure,
        SessionState,
        TaskState,
        TrackerName,
        TrackerReport,
        TrackerWish,
    )

    MakeTracker = Callable[[SessionPaths, TrackerWish], Tracker]

_log = logging.getLogger(__name__)

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
_REPORT_SECONDS = 1.0
_QUIET_SECONDS = 60.0


class Exporter:
    """Looks at a session again and again, and tells its tracker what is new.

    What goes wrong with the tracker is reported and tried again, with growing pauses; nothing else
    of the session notices.

    Parameters
    ----------
    make
        Makes the tracker.
    report
        Told how it goes, when that changes.
    page
        Makes a page of HTML of the session as it is; it may raise.
    """

    def __init__(
        self,
        paths: SessionPaths,
        wish: TrackerWish,
        make: MakeTracker,
        report: Callable[[TrackerReport], None],
        page: Callable[[], str],
    ) -> None:
        self._paths = paths
        self._wish = wish
        self._make = make
        self._report = report
        self._page = page
        self._name: TrackerName = wish["tracker"]
        self._tracker: Tracker | None = None
        self._notes: ToldNotes | None = None
        self._runs: dict[str, FollowedRun] = {}
        self._ended_sweeps: set[str] = set()
        self._pause = _FIRST_PAUSE
        self._resumes_at = 0.0
        self._reported: TrackerReport | None = None
        self._reported_at = 0.0
        self._quiet_since: float | None = None

    def look(self, state: SessionState) -> bool:
        """Tell what is new. Returns whether there may be more at once."""
        if time.monotonic() < self._resumes_at:
            return False
        try:
            more = self._tell(state)
        except Exception as error:
            _log.exception("%s cannot be told.", self._name)
            self.close()
            self._resumes_at = time.monotonic() + self._pause
            self._pause = min(_LONGEST_PAUSE, 2 * self._pause)
            self._say("failing", failure_of(error, "tracker-failed"))
            return False
        self._pause = _FIRST_PAUSE
        self._say("telling")
        return more

    def is_done(self, state: SessionState) -> bool:
        """Whether all there is was told, a while ago, and nothing is to come; then it is said."""
        is_done = (
            self._reported is not None
            and self._reported["state"] != "failing"
            and state["goal"] == "none"
            and all(self._is_told(task) for task in state["tasks"])
        )
        if not is_done:
            self._quiet_since = None
            return False
        now = time.monotonic()
        self._quiet_since = self._quiet_since or now
        if now - self._quiet_since < _QUIET_SECONDS:
            return False
        self.close()
        self._say("told")
        return True

    def close(self) -> None:
        """Let go of the tracker and all its runs; the next `look` begins anew."""
        for run in self._runs.values():
            with contextlib.suppress(Exception):
                run.close()
        if self._tracker is not None:
            with contextlib.suppress(Exception):
                self._tracker.close()
        self._tracker = None

    def _tell(self, state: SessionState) -> bool:
        if self._tracker is None:
            self._open()
        more = False
        seen = set()
        for task in state["tasks"]:
            key = key_of(task)
            if key is not None:
                seen.add(key)
                more = self._run(key, task["spec"]["name"]).follow(state, task) or more
        for key in self._runs.keys() - seen:
            self._runs[key].abandon(state["session"])
        self._end_sweeps(state)
        return more

    def _end_sweeps(self, state: SessionState) -> None:
        """Tell of sweeps whose tasks have all ended, once, until some of them go on."""
        assert self._tracker is not None
        sweeps: dict[str, list[TaskState]] = {}
        for task in state["tasks"]:
            sweep = sweep_of(state, task)
            if sweep is not None:
                sweeps.setdefault(sweep, []).append(task)
        growing = growing_sweeps(state)
        for sweep, tasks in sweeps.items():
            is_over = tasks[0]["spec"]["sweep"] not in growing and all(
                outcome_of(task) != "running" and self._is_told(task) for task in tasks
            )
            if not is_over:
                self._ended_sweeps.discard(sweep)
            elif sweep not in self._ended_sweeps and any(task["attempts"] for task in tasks):
                self._tracker.end_sweep(sweep, self._page)
                self._ended_sweeps.add(sweep)
        # Those that were taken out: of their runs it was told above.
        for gone in {run.sweep for run in self._runs.values()} - sweeps.keys() - self._ended_sweeps:
            if gone is not None:
                self._tracker.end_sweep(gone, None)
                self._ended_sweeps.add(gone)

    def _open(self) -> None:
        if not self._paths.folder.is_dir():
            raise SaturnError(
                "session-gone", f"The session's folder {self._paths.folder} is not there any more."
            )
        ensure_private(self._paths.trackers)
        ensure_private(self._paths.tracker(self._name))
        notes = self._paths.tracker_notes(self._name)
        ensure_private(notes)
        self._tracker = self._make(self._paths, self._wish)
        self._notes = ToldNotes(notes)
        self._runs = {}
        self._ended_sweeps = set()
        for key, note in self._notes.all.items():
            self._run(key, note["task"])

    def _run(self, key: str, task: str) -> FollowedRun:
        run = self._runs.get(key)
        if run is None:
            assert self._tracker is not None and self._notes is not None
            log = self._paths.step_log(task)
            run = self._runs[key] = FollowedRun(self._tracker, self._notes, log, key, task)
        return run

    def _is_told(self, task: TaskState) -> bool:
        key = key_of(task)
        return key is None or (key in self._runs and self._runs[key].is_told(task))

    def _say(
        self, state: Literal["telling", "told", "failing"], error: Failure | None = None
    ) -> None:
        report: TrackerReport = {
            "tracker": self._name,
            "state": state,
            "runs": len(self._runs),
            "steps": sum(run.steps for run in self._runs.values()),
        }
        if self._tracker is not None:
            report["place"] = self._tracker.place
        elif self._reported is not None and "place" in self._reported:
            report["place"] = self._reported["place"]
        if error is not None:
            report["error"] = error
        now = time.monotonic()
        before = self._reported
        changed = before is None or report != before
        urgent = before is None or before["state"] != state
        if changed and (urgent or now - self._reported_at >= _REPORT_SECONDS):
            self._reported, self._reported_at = report, now
            self._report(report)
