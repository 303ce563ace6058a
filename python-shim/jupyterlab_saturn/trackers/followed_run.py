"""A task's log and its run in a tracker: each step is told once, whatever was killed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .log_follower import LogFollower, point_of, segment_of
from .runs import ending_of, follows, forgotten, outcome_of, run_of, sweep_of
from .told_notes import Note, ToldNotes
from .tracker import Ending, Marks, Outcome, Point, TrackedRun, Tracker, TrainedBy

if TYPE_CHECKING:
    from ..errors import Json
    from ..generated.wire_types import SessionState, TaskState

_BATCH = 1000
_QUIET_SECONDS = 1.0


class FollowedRun:
    """Tells a tracker of one training of a task.

    Of a step that is trained again, after a crash or from an older checkpoint, the first time is
    told: no strategy changes what is trained. Which points are told follows from the log alone; how
    many of them are told already says the tracker itself, or, where telling one twice leaves one, a
    note.

    Parameters
    ----------
    log
        Of the task.

    Attributes
    ----------
    steps
        So many were told.
    sweep
        Key of the sweep of which it is a point; None of a task alone.
    """

    def __init__(self, tracker: Tracker, notes: ToldNotes, log: Path, key: str, task: str) -> None:
        self._tracker = tracker
        self._notes = notes
        self._key = key
        known = notes.of(key)
        self._task = task
        self._folder = notes.folder_for(task) if known is None else known["folder"]
        self._log = LogFollower(log)
        self._path = log
        self._run: TrackedRun | None = None
        self._told = Marks()
        self._begins: TrainedBy | None = None
        self._beyond = Marks()
        self._ended: Outcome = "running" if known is None else known["outcome"]
        self._over_since: float | None = None
        self.steps = 0 if known is None else max(0, known["steps"])
        self.sweep = None if known is None else known.get("sweep")

    def follow(self, state: SessionState, task: TaskState) -> bool:
        """Tell what is new. Returns whether there may be more at once."""
        outcome = outcome_of(task)
        if outcome == self._ended != "running":
            return False
        if self._run is None:
            self._open(state, task)
        if self._tell(task):
            self._over_since = None
            return True
        if outcome == "running":
            self._over_since = None
            return False
        now = time.monotonic()
        self._over_since = self._over_since or now
        # The state may be told before the last lines are there.
        if now - self._over_since < _QUIET_SECONDS:
            return True
        self._end(ending_of(state, task))
        return False

    def abandon(self, session: str) -> None:
        """Tell that the task was taken out; nothing if it was over."""
        if self._ended != "running":
            return
        if self._run is None:
            self._run = self._tracker.open(forgotten(session, self._key, self._task, self._folder))
            self._run.told()
        self._end(Ending("stopped", reason="It was taken out of the session."))

    def is_told(self, task: TaskState) -> bool:
        """Whether all was told of a task, and how it ended."""
        return outcome_of(task) == self._ended != "running"

    def close(self) -> None:
        """Let go of the run; the next `follow` opens it again, if there is more."""
        if self._run is not None:
            self._run.close()
            self._run = None

    def _open(self, state: SessionState, task: TaskState) -> None:
        known = self._notes.of(self._key)
        self.sweep = sweep_of(state, task)
        if known is None:
            self._note("running")
        run = self._tracker.open(run_of(state, task, self._key, self._folder))
        self._run = run
        stored = run.told()
        self._log = LogFollower(self._path)
        self._told, self._begins, self._beyond = Marks(), None, stored or Marks()
        if stored is None and known is not None:
            self._log = LogFollower(self._path, known["position"], known["inode"])
            self._told = Marks(known["steps"], known["evals"])
            self._begins = _segment(known["begins"])
        self._ended = "running"

    def _tell(self, task: TaskState) -> bool:
        assert self._run is not None
        before = self._log.position, self._log.inode
        lines = self._log.read()
        if lines and (self._log.inode != before[1] or before[0] == 0):
            begun = segment_of(lines[0])
            at = lines[0].get("time", 0)
            if begun is not None and not follows(task, begun.attempt, at):
                self._log.position, self._log.inode = before
                return False
        points = list(self._points(lines))
        for start in range(0, len(points), _BATCH):
            self._run.tell(points[start : start + _BATCH])
        self.steps = max(self.steps, self._told.steps)
        if points:
            self._note("running")
        return bool(lines)

    def _points(self, lines: list[Json]) -> Iterator[Point]:
        for line in lines:
            begun = segment_of(line)
            if begun is not None:
                self._begins = begun
                continue
            step = line["step"]
            if "eval" in line:
                if step > self._told.evals:
                    self._told = self._told._replace(evals=step)
                    if step > self._beyond.evals:
                        yield point_of(line, None)
            elif step > self._told.steps:
                self._told = self._told._replace(steps=step)
                begins, self._begins = self._begins, None
                if step > self._beyond.steps:
                    yield point_of(line, begins)

    def _end(self, ending: Ending) -> None:
        assert self._run is not None
        self._run.end(ending)
        self.close()
        self._note(ending.outcome)
        self._ended = ending.outcome
        self._over_since = None

    def _note(self, outcome: Outcome) -> None:
        begins = self._begins
        note: Note = {
            "task": self._task,
            "folder": self._folder,
            "position": self._log.position,
            "inode": self._log.inode,
            "steps": self._told.steps,
            "evals": self._told.evals,
            "begins": None
            if begins is None
            else [begins.attempt, begins.strategy, begins.node, begins.devices],
            "outcome": outcome,
            "sweep": self.sweep,
        }
        self._notes.write(self._key, note)


def _segment(noted: list[int | str] | None) -> TrainedBy | None:
    if noted is None:
        return None
    attempt, strategy, node, devices = noted
    return TrainedBy(int(attempt), str(strategy), str(node), int(devices))
