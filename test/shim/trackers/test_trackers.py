"""What trackers are told: each step once, whatever is killed, by exporters as agents run them."""

from __future__ import annotations

import json
import random
import resource
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.paths import SessionPaths
from jupyterlab_saturn.trackers.exporter import Exporter
from jupyterlab_saturn.trackers.making import make_tracker
from jupyterlab_saturn.trackers.runs import growing_sweeps
from jupyterlab_saturn.trackers.tracker import Ending, Point, Run, TrackedRun, Tracker
from nightly import nightly
from trackers.tracked_session import TrackedSession, mlflow_nests
from waiting import until

ALL = ["tensorboard", "mlflow", "wandb", "trackio"]
SLOW = ["tensorboard", *(pytest.param(name, marks=nightly) for name in ALL[1:])]


@pytest.fixture
def tracked(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TrackedSession]:
    session = TrackedSession(tmp_path, request.param)
    yield session
    session.clear()


def every(tracker: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("tracked", [tracker], indirect=True)


def once(points: Counter[tuple[str, int]], name: str) -> list[int]:
    """The steps that a name was told with; each of them once."""
    steps = {step: count for (told, step), count in points.items() if told == name}
    assert set(steps.values()) <= {1}, f"{name}: {steps}"
    return sorted(steps)


@pytest.mark.parametrize("tracked", ALL, indirect=True)
def test_what_was_trained_before_is_told_once(tracked: TrackedSession) -> None:
    for task in ("a", "b"):
        tracked.begin(task)
        tracked.train(task, 1, 30)
        tracked.evaluate(task, 30)
    tracked.end("a", "finished", result={"metrics": {"accuracy": 0.5}, "model": "tasks/a/model"})
    tracked.end("b", "failed", error={"code": "broken", "message": "It broke."})
    tracked.rest()
    tracked.export()
    reports = tracked.reports()
    assert reports[-1]["state"] == "told"
    assert (reports[-1]["runs"], reports[-1]["steps"]) == (2, 60)
    found = tracked.points()
    assert set(found) == {"a", "b"}
    for points in found.values():
        assert once(points, "train/loss") == once(points, "train/aux") == [*range(1, 31)]
        assert once(points, "eval/accuracy") == [30]
        assert once(points, "saturn/devices") == [1]
    told = tracked.statuses()
    assert (told["a"], told["b"]) == {
        "tensorboard": ("finished", "failed"),
        "mlflow": ("FINISHED", "FAILED"),
        "wandb": ("exit 0", "exit 1"),
        "trackio": ("finished", "failed"),
    }[tracked.tracker]
    if tracked.tracker == "mlflow":
        folder = tracked.paths.tracker("mlflow")
        assert mlflow_nests(folder) == {"net": None, "a": "net", "b": "net"}
        assert told["net"] == "FINISHED"
        [report] = folder.rglob("report.html")
        assert report.read_text() == "<!doctype html>"


@pytest.mark.timeout(300)  # MLflow takes seconds to begin, five times
@pytest.mark.parametrize("tracked", SLOW, indirect=True)
def test_each_step_is_told_once_whatever_is_killed(tracked: TrackedSession) -> None:
    rng = random.Random(tracked.tracker)
    tracked.begin("a")
    tracked.train("a", 1, 400)
    tracked.kill_amid(rng)
    tracked.train("a", 401, 900)
    tracked.evaluate("a", 900)
    tracked.kill_amid(rng)
    # Its ranks are lost, and steps trained again, on more devices.
    tracked.begin("a", 2, devices=2, step=850)
    tracked.train("a", 851, 1300)
    tracked.evaluate("a", 900)
    tracked.kill_amid(rng)
    tracked.train("a", 1301, 2500)
    tracked.kill_amid(rng)
    tracked.end("a", "finished")
    tracked.rest()
    tracked.export()
    assert tracked.reports()[-1]["state"] == "told"
    points = tracked.points()["a"]
    for name in ("train/loss", "train/lr", "train/aux"):
        assert once(points, name) == [*range(1, 2501)]
    assert once(points, "eval/accuracy") == [900]
    assert once(points, "saturn/devices") == [1, 901]
    assert tracked.killed == 4


@pytest.mark.parametrize("tracked", SLOW, indirect=True)
def test_a_task_that_goes_on_is_the_same_run_and_one_trained_anew_another(
    tracked: TrackedSession,
) -> None:
    tracked.begin("a")
    tracked.train("a", 1, 10)
    tracked.end("a", "stopped")
    tracked.rest()
    tracked.export()
    tracked.reports()
    tracked.begin("a", 2, step=10)
    tracked.train("a", 11, 20)
    tracked.end("a", "finished")
    tracked.export()
    tracked.reports()
    tracked.remove("a")
    tracked.begin("a")
    tracked.train("a", 1, 5)
    tracked.end("a", "stopped")
    tracked.export()
    tracked.reports()
    found = tracked.points()
    assert {run: once(points, "train/loss") for run, points in found.items()} == {
        "a": [*range(1, 21)],
        "a-2": [*range(1, 6)],
    }
    stopped = {"mlflow": "KILLED", "wandb": "exit 1"}.get(tracked.tracker, "stopped")
    assert tracked.statuses()["a-2"] == stopped


@pytest.mark.parametrize("tracked", SLOW, indirect=True)
def test_a_disk_that_is_full_for_a_while_costs_no_step(tracked: TrackedSession) -> None:
    tracked.begin("a")
    tracked.train("a", 1, 200)
    exporter = tracked.export()
    assert exporter.stdout is not None
    until(lambda: tracked.noted_steps() == 200)
    size = max(path.stat().st_size for path in tracked.files())
    room = resource.prlimit(exporter.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    tracked.train("a", 201, 3000)
    if tracked.tracker == "wandb":  # by a process of its own, which waits for nobody
        resource.prlimit(exporter.pid, resource.RLIMIT_FSIZE, room)
    else:
        failing = next(
            r for line in exporter.stdout if (r := json.loads(line))["state"] == "failing"
        )
        assert failing["error"]["message"]
        resource.prlimit(exporter.pid, resource.RLIMIT_FSIZE, room)
    tracked.end("a", "finished")
    tracked.rest()
    assert tracked.reports()[-1]["state"] == "told"
    assert once(tracked.points()["a"], "train/loss") == [*range(1, 3001)]


@every("tensorboard")
def test_a_place_that_cannot_be_written_is_tried_again(tracked: TrackedSession) -> None:
    tracked.begin("a")
    tracked.train("a", 1, 10)
    tracked.end("a", "finished")
    tracked.rest()
    tracked.paths.trackers.mkdir(mode=0o700)
    blocked = tracked.paths.tracker("tensorboard")
    blocked.write_text("in the way")
    exporter = tracked.export()
    assert exporter.stdout is not None
    report = json.loads(exporter.stdout.readline())
    assert (report["state"], report["runs"]) == ("failing", 0)
    assert str(blocked) in report["error"]["message"]
    blocked.unlink()
    assert tracked.reports()[-1]["state"] == "told"
    assert once(tracked.points()["a"], "train/loss") == [*range(1, 11)]


def test_a_session_whose_folder_is_removed_is_not_made_again(tmp_path: Path) -> None:
    paths = SessionPaths("gone", tmp_path)
    said: list[Json] = []
    exporter = Exporter(paths, {"tracker": "tensorboard"}, make_tracker, said.append, str)
    state: Any = {"session": "gone", "folder": str(paths.folder), "goal": "run", "tasks": []}
    assert not exporter.look(state)
    assert [report["error"]["code"] for report in said] == ["session-gone"]
    assert not paths.folder.exists()


@every("tensorboard")
def test_lines_that_are_torn_or_of_an_older_task_are_not_told(tracked: TrackedSession) -> None:
    tracked.begin("a")
    tracked.train("a", 1, 10)
    with tracked.paths.step_log("a").open("a") as log:
        log.write('{"step":11,"lo\n[1]\n"x"\n')
    tracked.train("a", 11, 20)
    tracked.end("a", "finished")
    tracked.rest()
    tracked.export()
    tracked.reports()
    # Its log is there before the session is told of the task that takes its place.
    log = tracked.paths.step_log("a")
    line = json.loads(log.read_text().splitlines()[0])
    log.unlink()
    log.write_text(json.dumps({**line, "time": line["time"] + 100}) + "\n")
    tracked.train("a", 1, 30)
    tracked.tasks["a"]["status"] = "stopped"
    tracked.tell()
    tracked.export()
    tracked.reports()
    assert once(tracked.points()["a"], "train/loss") == [*range(1, 21)]


def kill_beside_another_file(tracked: TrackedSession) -> None:
    """Kill an exporter as soon as it begins a file."""
    before = tracked.files()
    tracked.export()
    until(lambda: [one for one in tracked.files() if one not in before])
    tracked.kill()


@nightly
@pytest.mark.timeout(300)
@every("mlflow")
def test_a_database_whose_making_was_cut_off_is_made_anew(tracked: TrackedSession) -> None:
    tracked.begin("a")
    tracked.train("a", 1, 30)
    tracked.end("a", "finished")
    tracked.rest()
    for _ in range(2):
        kill_beside_another_file(tracked)
    tracked.export()
    assert tracked.reports()[-1]["state"] == "told"
    assert once(tracked.points()["a"], "train/loss") == [*range(1, 31)]
    assert [one.name for one in tracked.files() if "mlflow.db" in one.name] == ["mlflow.db"]


@nightly
@pytest.mark.timeout(300)
def test_a_database_in_a_folder_of_the_users_is_made_beside_what_is_there(tmp_path: Path) -> None:
    mine = tmp_path / "work" / "notes.999999999.tmp"
    mine.mkdir(parents=True)
    for folder in (mine.parent, tmp_path / "missing" / "folder"):
        wish: Any = {"tracker": "mlflow", "uri": f"sqlite:///{folder}/runs.db"}
        make_tracker(SessionPaths("s", tmp_path / "sessions"), wish)
        assert [path.name for path in folder.glob("*runs.db*")] == ["runs.db"]
    assert mine.exists()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("tracked", SLOW, indirect=True)
def test_a_task_that_is_taken_out_while_nobody_looks_runs_no_more(tracked: TrackedSession) -> None:
    tracked.begin("a")
    tracked.train("a", 1, 300)
    tracked.kill_once_noted()
    tracked.remove("a")
    tracked.rest()
    tracked.export()
    tracked.reports()
    assert "running" not in tracked.statuses()["a"].lower()


@pytest.mark.parametrize(
    ("goal", "sweep", "is_growing"),
    [
        ("run", {"made": 3}, True),
        ("run", {"made": 4}, False),
        ("run", {"made": 4, "renewing": {"step": 9, "members": []}}, True),
        ("run", {"made": 3, "error": {"code": "broken", "message": "It broke."}}, False),
        ("none", {"made": 3}, False),
    ],
)
def test_a_sweep_is_not_over_while_points_are_to_come(
    goal: str, sweep: Json, is_growing: bool
) -> None:
    state: Any = {"goal": goal, "sweeps": [{"spec": {"name": "net", "points": 4}, **sweep}]}
    assert growing_sweeps(state) == ({"net"} if is_growing else set())


class SweepsTold(Tracker):
    """Knows which sweeps it was told the end of, and whether with a page."""

    def __init__(self, folder: Path, ended: list[tuple[str, bool]]) -> None:
        super().__init__(folder)
        self._ended = ended

    def open(self, run: Run) -> TrackedRun:
        return RunUnseen()

    def end_sweep(self, key: str, page: Callable[[], str] | None) -> None:
        self._ended.append((key.rpartition("-")[0], page is not None))


class RunUnseen(TrackedRun):
    def told(self) -> None:
        return None

    def tell(self, points: Sequence[Point]) -> None: ...

    def end(self, ending: Ending) -> None: ...

    def close(self) -> None: ...


def test_a_sweep_that_is_taken_out_has_ended_also_for_the_next_exporter(tmp_path: Path) -> None:
    session = TrackedSession(tmp_path, "mlflow")
    ended: list[tuple[str, bool]] = []

    def exporter() -> Exporter:
        make = partial(SweepsTold, ended=ended)
        return Exporter(
            session.paths,
            {"tracker": "mlflow"},
            lambda paths, wish: make(paths.tracker("mlflow")),
            lambda report: None,
            str,
        )

    def look(exporter: Exporter) -> None:
        exporter.look(json.loads((session.paths.folder / "state.json").read_text()))

    session.begin("a")
    session.train("a", 1, 3)
    killed = exporter()
    look(killed)
    session.remove("a")
    after = exporter()
    look(after)
    look(after)
    assert ended == [("net", False)]
