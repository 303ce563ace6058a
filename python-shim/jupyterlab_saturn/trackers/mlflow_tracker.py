"""MLflow, by its client with explicit runs: its fluent API has one active run a process.

The runs of a sweep are nested in one of its own, which has the report.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.entities import Run as MlflowEntity
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from ..whole_files import put_if_absent, remove_leftovers
from .tracker import Ending, Point, Run, TrackedRun, Tracker

_log = logging.getLogger(__name__)

_MOST_METRICS = 1000
_MOST_LETTERS = 500
_UNFIT = re.compile(r"[^\w .:/-]")

_SQLITE = "sqlite:///"

_STATUSES = {"finished": "FINISHED", "failed": "FAILED", "stopped": "KILLED"}


class MlflowTracker(Tracker):
    """A server or a database; one in SQLite in the session's folder when none is named.

    Parameters
    ----------
    project
        Name of the experiment.
    uri
        Where to, as MLflow writes it.
    """

    def __init__(self, folder: Path, project: str, uri: str | None) -> None:
        super().__init__(folder)
        self._uri = uri or f"{_SQLITE}{folder / 'mlflow.db'}"
        _ensure_database(self._uri)
        self._client = MlflowClient(self._uri)
        known = self._client.get_experiment_by_name(project)
        if known is not None:
            self._experiment = known.experiment_id
        else:
            artifacts = None if uri else str(folder / "artifacts")
            self._experiment = self._client.create_experiment(project, artifacts)

    @property
    def place(self) -> str:
        return re.sub(r"//[^/@]*@", "//", self._uri)

    def open(self, run: Run) -> TrackedRun:
        return _MlflowRun(self._client, self._experiment, run, self._parent(run))

    def end_sweep(self, key: str, page: Callable[[], str] | None) -> None:
        found = self._found(key)
        if found is None:
            return
        id = found.info.run_id
        if found.info.status == "RUNNING":
            self._client.set_terminated(id, "FINISHED")
        if page is None:
            return
        try:
            self._client.log_text(id, page(), "report.html")
        except Exception:  # what keeps files may be another server, and is no reason to stop
            _log.exception("The report cannot be kept beside the runs.")

    def _parent(self, run: Run) -> str | None:
        """The run under which MLflow shows those of a sweep; None of a task alone."""
        if run.points_of is None:
            return None
        found = self._found(run.points_of)
        if found is not None:
            if found.info.status != "RUNNING":
                self._client.update_run(found.info.run_id, status="RUNNING")
            return str(found.info.run_id)
        tags = {
            "saturn.run": run.points_of,
            "saturn.session": run.session,
            "saturn.sweep": run.sweep,
        }
        begun = self._client.create_run(self._experiment, tags=tags, run_name=run.sweep)
        return str(begun.info.run_id)

    def _found(self, key: str) -> MlflowEntity | None:
        found = self._client.search_runs([self._experiment], f"tags.`saturn.run` = '{key}'")
        return found[0] if found else None


class _MlflowRun(TrackedRun):
    """A run, found again by its tag.

    Telling a point twice leaves one: a metric of the same name, step, time and value is the same to
    MLflow's databases.
    """

    def __init__(self, client: MlflowClient, experiment: str, run: Run, parent: str | None) -> None:
        self._client = client
        found = client.search_runs([experiment], f"tags.`saturn.run` = '{run.key}'")
        if found:
            self._id = found[0].info.run_id
            if found[0].info.status != "RUNNING":
                client.update_run(self._id, status="RUNNING")
        else:
            tags = {
                "saturn.run": run.key,
                "saturn.session": run.session,
                "saturn.task": run.task,
                "saturn.sweep": run.sweep,
            }
            if parent is not None:
                tags[MLFLOW_PARENT_RUN_ID] = parent
            begun = client.create_run(experiment, tags=tags, run_name=run.label)
            self._id = begun.info.run_id
        self._segments = json.loads(
            found[0].data.tags.get("saturn.segments", "[]") if found else "[]"
        )
        facts = {**run.facts, **run.parameters}
        given = [Param(_fit(name), str(value)[:_MOST_LETTERS]) for name, value in facts.items()]
        if given and len(found[0].data.params if found else ()) < len(given):
            client.log_batch(self._id, params=given)

    def told(self) -> None:
        return None

    def tell(self, points: Sequence[Point]) -> None:
        metrics = [
            Metric(_fit(name), value, round(point.time * 1000), point.step)
            for point in points
            for name, value in point.values.items()
        ]
        for start in range(0, len(metrics), _MOST_METRICS):
            self._client.log_batch(self._id, metrics=metrics[start : start + _MOST_METRICS])
        begun = [[point.step, str(point.begins)] for point in points if point.begins]
        new = [segment for segment in begun if segment not in self._segments]
        if new:
            self._segments += new
            self._client.set_tag(self._id, "saturn.segments", json.dumps(self._segments))

    def end(self, ending: Ending) -> None:
        tags = {"saturn.model": ending.model, "saturn.reason": ending.reason}
        self._client.log_batch(
            self._id, tags=[RunTag(name, value) for name, value in tags.items() if value]
        )
        self._client.set_terminated(self._id, _STATUSES[ending.outcome])

    def close(self) -> None:
        return


def _ensure_database(uri: str) -> None:
    """Have a database in SQLite made whole: MLflow makes one in many steps, and cannot go on with
    one whose making was cut off."""
    path = Path(uri.removeprefix(_SQLITE))
    if not uri.startswith(_SQLITE) or "?" in uri or path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)  # as MLflow does
    remove_leftovers(path.parent, path.name)
    making = path.with_name(f"{path.name}.{os.getpid()}.tmp")  # with what SQLite puts beside it
    making.mkdir(mode=0o700)
    try:
        MlflowClient(f"{_SQLITE}{making / path.name}").search_experiments(max_results=1)
        put_if_absent(making / path.name, path)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _fit(name: str) -> str:
    return _UNFIT.sub("_", name)
