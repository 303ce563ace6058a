"""A session on disk whose tasks seem to train, the exporters that follow it, and what they told."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.paths import SessionPaths
from jupyterlab_saturn.patience import patience
from jupyterlab_saturn.trackers.catalogue import KINDS, kind_of
from jupyterlab_saturn.whole_files import write_json
from waiting import until

MAIN = Path(__file__).parents[1] / "fakes/exporter_main.py"


class TrackedSession:
    """Tasks that log what a test says, and an exporter in a process of its own.

    Parameters
    ----------
    tracker
        The one that is told.
    """

    def __init__(self, folder: Path, tracker: str, **wish: Any) -> None:
        self.paths = SessionPaths("tracked", folder).ensure()
        self.tracker = tracker
        self.wish = {"tracker": tracker, **wish}
        self.tasks: dict[str, Json] = {}
        self._goal = "run"
        self._exporter: subprocess.Popen[str] | None = None
        self.killed = 0

    def begin(self, task: str, attempt: int = 1, devices: int = 1, step: int = 0) -> None:
        """An attempt at a task begins, after some step."""
        known = self.tasks.get(task)
        now = time.time()
        if known is None:
            spec = {
                "name": task,
                "sweep": "net",
                "params": {"lr": 0.1, "width": [1, 2]},
                "seed": 0,
                "payload": f"{'0' * 16}.pkl",
                "hash": f"hash of {task}",
            }
            known = {"spec": spec, "attempts": [], "progress": {"step": 0}}
            self.tasks[task] = known
        strategy = {"technique": "ddp" if devices > 1 else "single", "devices": devices}
        known["status"] = "running"
        known["attempts"].append(
            {
                "number": attempt,
                "strategy": strategy,
                "node": "n",
                "devices": [],
                "requestedAt": now,
            }
        )
        segment = {"attempt": attempt, "strategy": strategy, "node": "n", "devices": []}
        self._append(task, {"step": step, "time": now, "segment": segment})
        self.tell()

    def train(self, task: str, first: int, last: int) -> None:
        """Steps are made, both included."""
        lines = [
            {
                "step": step,
                "time": round(time.time(), 3),
                "loss": None if step == 7 else 1 / step,
                "lr": 0.1,
                "metrics": {"aux": step},
            }
            for step in range(first, last + 1)
        ]
        self._append(task, *lines)

    def evaluate(self, task: str, step: int) -> None:
        self._append(task, {"step": step, "time": time.time(), "eval": {"accuracy": 0.5}})

    def end(self, task: str, status: str, **more: Any) -> None:
        known = self.tasks[task]
        known["status"] = status
        known["attempts"][-1]["endedAt"] = time.time()
        known.update(more)
        self.tell()

    def remove(self, task: str) -> None:
        del self.tasks[task]
        self.paths.step_log(task).unlink()
        self.tell()

    def rest(self) -> None:
        """Nothing is to be trained any more."""
        self._goal = "none"
        self.tell()

    def tell(self) -> None:
        state = {
            "session": "tracked",
            "folder": str(self.paths.folder),
            "goal": self._goal,
            "tasks": list(self.tasks.values()),
        }
        write_json(self.paths.folder / "state.json", state)

    def export(self) -> subprocess.Popen[str]:
        """Have an exporter."""
        folder = str(self.paths.folder)
        command = [sys.executable, str(MAIN), folder, json.dumps(self.wish), f"{folder}/state.json"]
        log = (self.paths.folder / "exporter.log").open("ab")
        keys = {name for kind in KINDS for name in kind.secrets}
        kept = {name: value for name, value in os.environ.items() if name not in keys}
        with log:
            self._exporter = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**kept, **kind_of(self.tracker).environment},
            )
        return self._exporter

    def reports(self) -> list[Json]:
        """All that an exporter has said by its end."""
        assert self._exporter is not None
        said, _ = self._exporter.communicate(timeout=patience(100.0))
        assert self._exporter.returncode == 0, (self.paths.folder / "exporter.log").read_text()
        return [json.loads(line) for line in said.splitlines()]

    def kill(self) -> None:
        assert self._exporter is not None
        self._exporter.kill()
        self._exporter.communicate()
        self.killed += 1

    def kill_amid(self, rng: random.Random) -> None:
        """Kill an exporter at a random moment after it began to tell."""
        exporter = self.export()
        assert exporter.stdout is not None
        before = self.told()
        until(lambda: self.told() != before or exporter.poll() is not None)
        time.sleep(rng.random() * 0.1)
        self.kill()

    def kill_once_noted(self) -> None:
        """Kill an exporter that has told something, and knows it."""
        self.export()
        until(lambda: self.noted_steps() > 0, 200)  # MLflow, on a busy machine
        self.kill()

    def noted_steps(self) -> int:
        """The highest step that the exporter knows it has told."""
        notes = self.paths.tracker_notes(self.tracker).glob("*.json")
        return max((json.loads(path.read_text())["steps"] for path in notes), default=0)

    def files(self) -> list[Path]:
        """What the tracker keeps."""
        folder = self.paths.tracker(self.tracker)
        return [path for path in folder.rglob("*") if path.is_file()]

    def told(self) -> int:
        """How much lies where the tracker keeps it, in bytes."""
        return sum(path.stat().st_size for path in self.files())

    def clear(self) -> None:
        if self._exporter is not None and self._exporter.poll() is None:
            self.kill()

    def points(self) -> dict[str, Counter[tuple[str, int]]]:
        """By run: how often each name was told with each step."""
        return READERS[self.tracker](self.paths.tracker(self.tracker))

    def statuses(self) -> dict[str, str]:
        """By run, in the tracker's own words."""
        return STATUSES[self.tracker](self.paths.tracker(self.tracker))

    def _append(self, task: str, *lines: Json) -> None:
        path = self.paths.step_log(task)
        path.parent.mkdir(exist_ok=True, mode=0o700)
        with path.open("a") as file:
            file.write("".join(json.dumps(line) + "\n" for line in lines))


def _tensorboard(folder: Path) -> dict[str, Counter[tuple[str, int]]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = {}
    for run in folder.iterdir():
        read = EventAccumulator(str(run), size_guidance={"scalars": 0, "tensors": 0})
        read.Reload()
        found[run.name] = Counter(
            (tag, event.step) for tag in read.Tags()["scalars"] for event in read.Scalars(tag)
        )
    return found


def _tensorboard_status(folder: Path) -> dict[str, str]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = {}
    for run in folder.iterdir():
        read = EventAccumulator(str(run), size_guidance={"tensors": 0})
        read.Reload()
        texts = read.Tensors("saturn/status") if "saturn/status" in read.Tags()["tensors"] else []
        said = texts[-1].tensor_proto.string_val[0].decode() if texts else "running"
        found[run.name] = said.splitlines()[0].strip()
    return found


def _mlflow(folder: Path) -> dict[str, Counter[tuple[str, int]]]:
    found: dict[str, Counter[tuple[str, int]]] = {}
    told = "SELECT name, key, step FROM metrics JOIN runs USING (run_uuid)"
    for run, name, step in _rows(folder / "mlflow.db", told):
        found.setdefault(run, Counter())[name, step] += 1
    return found


def _mlflow_status(folder: Path) -> dict[str, str]:
    told = "SELECT runs.name, status FROM runs JOIN experiments USING (experiment_id)"
    return dict(_rows(folder / "mlflow.db", f"{told} WHERE experiments.name = 'tracked'"))


def mlflow_nests(folder: Path) -> dict[str, str | None]:
    """By run: the one in which it is nested."""
    nested = "SELECT run_uuid, value FROM tags WHERE key = 'mlflow.parentRunId'"
    told = (
        f"SELECT runs.name, parents.name FROM runs LEFT JOIN ({nested}) AS nests USING (run_uuid) "
        "LEFT JOIN runs AS parents ON parents.run_uuid = nests.value"
    )
    return dict(_rows(folder / "mlflow.db", told))


def _wandb_records(folder: Path) -> list[tuple[str, Any]]:
    from jupyterlab_saturn.trackers.wandb_files import _records
    from wandb.proto import wandb_internal_pb2

    found = []
    for path in sorted(folder.glob("wandb/offline-run-*/*.wandb")):
        name = ""
        for data in _records(path.read_bytes()):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(data)
            if record.WhichOneof("record_type") == "run":
                name = record.run.display_name
            found.append((name, record))
    return found


def _wandb(folder: Path) -> dict[str, Counter[tuple[str, int]]]:
    found: dict[str, Counter[tuple[str, int]]] = {}
    for name, record in _wandb_records(folder):
        if record.WhichOneof("record_type") == "history":
            values = {
                item.key or "/".join(item.nested_key): json.loads(item.value_json)
                for item in record.history.item
            }
            names = [key for key in values if not key.startswith(("_", "trainer/"))]
            counts = found.setdefault(name, Counter())
            counts.update((key, values["trainer/step"]) for key in names)
    return found


def _wandb_status(folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, record in _wandb_records(folder):
        kind = record.WhichOneof("record_type")
        if kind == "run":
            found[name] = "running"
        elif kind == "exit":
            found[name] = f"exit {record.exit.exit_code}"
    return found


def _trackio(folder: Path) -> dict[str, Counter[tuple[str, int]]]:
    found: dict[str, Counter[tuple[str, int]]] = {}
    rows = _rows(folder / "tracked.db", "SELECT run_name, step, metrics FROM metrics")
    for run, step, metrics in rows:
        found.setdefault(run, Counter()).update((name, step) for name in json.loads(metrics))
    return found


def _trackio_status(folder: Path) -> dict[str, str]:
    rows = _rows(folder / "tracked.db", "SELECT run_name, config FROM configs")
    return {run: json.loads(config)["saturn/status"] for run, config in rows}


def _rows(database: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(query).fetchall()


READERS = {
    "tensorboard": _tensorboard,
    "mlflow": _mlflow,
    "wandb": _wandb,
    "trackio": _trackio,
}
STATUSES = {
    "tensorboard": _tensorboard_status,
    "mlflow": _mlflow_status,
    "wandb": _wandb_status,
    "trackio": _trackio_status,
}
