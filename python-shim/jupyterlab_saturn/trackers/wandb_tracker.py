"""Weights & Biases: into files, or over the network where that was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import wandb

from .tracker import Ending, Marks, Point, Run, TrackedRun, Tracker
from .wandb_files import marks_of


class WandbTracker(Tracker):
    """A run each, with the steps on an axis of their own: theirs may only grow.

    Parameters
    ----------
    project
        Instead of what tasks say, or the session is called.
    online
        Send it, with the user's key; else it is kept in files.
    """

    def __init__(self, folder: Path, project: str | None, *, online: bool) -> None:
        super().__init__(folder)
        self._project = project
        # What it finds out by itself would be of the exporter.
        self._settings = wandb.Settings(
            mode="online" if online else "offline",
            root_dir=str(folder),
            console="off",
            silent=True,
            disable_code=True,
            disable_git=True,
            save_code=False,
            x_disable_meta=True,
            x_disable_stats=True,
            x_disable_machine_info=True,
        )

    def open(self, run: Run) -> TrackedRun:
        return _WandbRun(self.folder, self._settings, run, self._project)

    def close(self) -> None:
        wandb.teardown()


class _WandbRun(TrackedRun):
    def __init__(
        self, folder: Path, settings: wandb.Settings, run: Run, project: str | None
    ) -> None:
        self._marks = marks_of(folder, run.key)
        self._run = wandb.init(
            id=run.key,
            resume="allow",
            reinit="create_new",
            project=project or run.project or run.session,
            name=run.label,
            group=run.sweep or None,
            config={**run.facts, **run.parameters},
            settings=settings,
        )
        self._run.define_metric("*", step_metric="trainer/step")
        self._run.summary["saturn/status"] = "running"

    def told(self) -> Marks:
        return self._marks

    def tell(self, points: Sequence[Point]) -> None:
        for point in points:
            self._run.log({"trainer/step": point.step, **point.values})
            if point.begins is not None:
                self._run.summary["saturn/strategy"] = str(point.begins)

    def end(self, ending: Ending) -> None:
        said = {"saturn/status": ending.outcome, "saturn/model": ending.model}
        said |= {"saturn/reason": ending.reason}
        self._run.summary.update({name: value for name, value in said.items() if value})
        self._run.finish(exit_code=0 if ending.outcome == "finished" else 1)

    def close(self) -> None:
        if not self._run._is_finished:
            self._run.finish(exit_code=1)
