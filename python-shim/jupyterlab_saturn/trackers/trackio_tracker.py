"""Trackio, by the database that it keeps on this machine; nothing is served or sent."""

from __future__ import annotations

import datetime
import os
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from .tracker import Ending, Marks, Point, Run, TrackedRun, Tracker


class TrackioTracker(Tracker):
    """Its folder is the session's own, so that no other's runs are among these.

    Parameters
    ----------
    project
        Instead of what tasks say, or the session is called.
    """

    def __init__(self, folder: Path, project: str | None) -> None:
        super().__init__(folder)
        os.environ["TRACKIO_DIR"] = str(folder)  # read when it is imported
        self._project = project

    def open(self, run: Run) -> TrackedRun:
        return _TrackioRun(run, self._project or run.project or run.session)


class _TrackioRun(TrackedRun):
    def __init__(self, run: Run, project: str) -> None:
        from trackio.sqlite_storage import SQLiteStorage

        self._storage = SQLiteStorage
        self._run = run
        # Letters that others take for a folder's.
        self._project = re.sub(r"[^\w.-]", "-", project)
        self._config = {**run.facts, **run.parameters, "sweep": run.sweep}
        self._last: Point | None = None

    def told(self) -> Marks:
        path = self._storage.init_db(self._project)
        with closing(sqlite3.connect(path)) as database:
            found = database.execute(
                "SELECT substr(log_id, ?), MAX(step) FROM metrics WHERE run_id = ? GROUP BY 1",
                (len(self._run.key) + 2, self._run.key),
            )
            steps = [(str(rest).partition("-")[0], int(step)) for rest, step in found]
        highest = {
            kind: max((step for one, step in steps if one == kind), default=-1)
            for kind in ("step", "eval")
        }
        if highest["step"] >= 0:
            self._last = Point(highest["step"], 0.0, "step", {})
        return Marks(highest["step"], highest["eval"])

    def tell(self, points: Sequence[Point]) -> None:
        self._log(points, {"saturn/status": "running"})
        self._last = points[-1]

    def end(self, ending: Ending) -> None:
        if self._last is not None:
            said = {"saturn/status": ending.outcome, "saturn/model": ending.model}
            self._log([self._last], {**said, "saturn/reason": ending.reason})

    def close(self) -> None:
        return

    def _log(self, points: Sequence[Point], said: dict[str, str | None]) -> None:
        key = self._run.key
        self._storage.bulk_log(
            project=self._project,
            run=self._run.label,
            run_id=key,
            metrics_list=[dict(point.values) for point in points],
            steps=[point.step for point in points],
            timestamps=[
                datetime.datetime.fromtimestamp(point.time, datetime.UTC).isoformat()
                for point in points
            ],
            # One that is there already is left as it is: the same point is told once.
            log_ids=[f"{key}-{point.kind}-{point.step}" for point in points],
            config={**self._config, **{name: text for name, text in said.items() if text}},
        )
