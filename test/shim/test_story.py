"""Whole stories through the Python API: real agent, engine, planner and ranks."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cloudpickle
import pytest
from jupyterlab_saturn import Session, Task
from jupyterlab_saturn.errors import Json, SaturnError
from nightly import nightly
from stage import Stage, alive, named, processes
from waiting import SECONDS, until

# As the functions of a notebook, those of this module travel by value.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


@pytest.fixture
def home(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SATURN_IDLE_SECONDS", "600")
    monkeypatch.setenv("SATURN_CACHE", str(stage.cache))
    return stage.home


@contextlib.contextmanager
def opened(name: str, home: Path) -> Iterator[Session]:
    """A session of which nothing is left afterwards."""
    one = Session(name, home)
    yield one
    one.close()
    for agent in named("jupyterlab_saturn.agent", one):
        agent.terminate()
    until(lambda: not processes(one.paths))
    assert not one.paths.runtime.exists()


@pytest.fixture
def session(home: Path, stage: Stage) -> Iterator[Session]:
    one = Session("story", home)
    yield one
    stage.leave(one)


def lines(lr: float = 0.1, batch_size: int = 8, pause: float = 0.0, steps: int = 30) -> Task:
    """Fit a line; slow when asked to."""
    import time
    from functools import partial

    import torch
    from torch import nn
    from torch.utils.data import TensorDataset, default_collate

    inputs = torch.linspace(-1, 1, 64).reshape(64, 1)

    def collate(samples: list[Any]) -> Any:
        time.sleep(pause)
        return default_collate(samples)

    return Task(
        model=nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1)),
        data=TensorDataset(inputs, 2 * inputs + 1),
        loss=nn.functional.mse_loss,
        optimizer=partial(torch.optim.SGD, lr=lr),
        batch_size=batch_size,
        steps=steps,
        eval_data=TensorDataset(inputs, 2 * inputs + 1),
        metrics={"mse": nn.functional.mse_loss},
        collate=collate,
    )


def statuses(state: Json) -> dict[str, str]:
    return {task["spec"]["name"]: task["status"] for task in state["tasks"]}


def running(session: Session) -> bool:
    """Whether a task is at least one step into its training."""
    return any(
        task["status"] == "running" and task["progress"]["step"] > 0
        for task in session.state["tasks"]
    )


def start_slow(session: Session) -> None:
    """Two tasks of a few seconds each, the first of them under way."""
    session.cluster(cpu=2)
    session.add(lines, {"lr": [0.1, 0.05], "pause": 0.03, "steps": 120})
    session.run(exclude=["ddp", "fsdp", "offload", "pipeline", "tensor"])
    until(lambda: running(session))


def test_from_a_function_to_trained_models(session: Session) -> None:
    import torch

    session.cluster(cpu=2)
    session.add(lines, {"lr": [0.1, 0.05], "batch_size": [8, 16]})
    session.profile()
    state = session.state
    measured = [cell for cell in state["cells"] if cell["source"] == "measured"]
    assert len({cell["signature"] for cell in measured}) == 2
    assert all(cell["status"] == "ok" for cell in measured)
    assert len(measured) == state["trialsDone"]
    session.plan()
    plan = session.state["plan"]["plan"]
    tried = [cell["strategy"] for cell in measured]
    assert all(segment["strategy"] in tried for segment in plan["segments"])
    assert plan["lowerBound"] <= plan["makespan"]
    assert all(plan["makespan"] <= one["makespan"] + 1e-9 for one in plan["baselines"])
    session.run()
    session.wait()
    rows = session.results()
    assert len(rows) == 4
    state = session.state
    assert set(statuses(state).values()) == {"finished"}
    for task in state["tasks"]:
        assert task["progress"]["step"] == 30
        assert task["result"]["metrics"]["mse"] < 0.5
        weights = torch.load(session.paths.folder / task["result"]["model"], weights_only=True)
        assert weights["0.weight"].shape == (8, 1)
        history = session.history(task["spec"]["name"])
        assert list(history.index) == list(range(1, 31))
        assert history["loss"].iloc[-1] == pytest.approx(task["result"]["loss"])
        assert history["eval/mse"].iloc[-1] == pytest.approx(task["result"]["metrics"]["mse"])
    assert "session().history" in session.log(task["spec"]["name"]).text
    # The same again asks for nothing new, and a second client sees the same.
    session.add(lines, {"lr": [0.1, 0.05], "batch_size": [8, 16]})
    assert set(statuses(session.state).values()) == {"finished"}
    other = Session("story", session.paths.folder.parent)
    assert statuses(other.state) == statuses(state)
    other.close()


def test_the_engine_is_killed_while_training(session: Session) -> None:
    start_slow(session)
    [engine] = named("engine.mjs", session)
    engine.kill()
    engine.wait(SECONDS)
    session.wait()
    state = session.state
    assert set(statuses(state).values()) == {"finished"}
    assert [len(task["attempts"]) for task in state["tasks"]] == [1, 1]
    [again] = named("engine.mjs", session)
    assert again.pid != engine.pid


@nightly
def test_the_kernel_dies_while_training(session: Session, home: Path) -> None:
    script = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import os, signal, test_story\n"
        f"one = test_story.Session('story', {str(home)!r})\n"
        "test_story.start_slow(one)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    dead = subprocess.run([sys.executable, "-c", script], check=False, cwd=home.parent)
    assert dead.returncode == -signal.SIGKILL
    assert "running" in statuses(session.state).values()
    session.wait()
    state = session.state
    assert set(statuses(state).values()) == {"finished"}
    assert [len(task["attempts"]) for task in state["tasks"]] == [1, 1]


def test_the_agent_is_killed_while_training(session: Session) -> None:
    start_slow(session)
    before = processes(session.paths)
    [agent] = named("jupyterlab_saturn.agent", session)
    agent.kill()
    until(lambda: not alive(before))
    again = Session("story", session.paths.folder.parent)
    again.wait()
    state = again.state
    assert set(statuses(state).values()) == {"finished"}
    assert max(len(task["attempts"]) for task in state["tasks"]) == 2
    assert all(len(node["devices"]) == 2 for node in state["cluster"]["nodes"])
    again.close()


@nightly
def test_a_session_removed_while_it_trains_begins_anew(session: Session, home: Path) -> None:
    start_slow(session)
    before = processes(session.paths)
    session.paths.folder.rename(home / "removed")
    again = Session("story", home)
    again.cluster(cpu=1)
    again.add(lines, {"lr": [0.1]}, wait=True)
    assert statuses(again.state) == {"lines-0.1": "ready"}
    assert not [process for process in before if process.is_running()]
    again.run()
    again.wait()
    assert statuses(again.state) == {"lines-0.1": "finished"}
    again.close()


def test_stopped_and_resumed(session: Session) -> None:
    start_slow(session)
    session.stop()
    state = session.state
    assert "stopped" in statuses(state).values()
    assert "running" not in statuses(state).values()
    halted = [task for task in state["tasks"] if task["status"] == "stopped"]
    stopped = max(halted, key=lambda task: task.get("checkpointStep", 0))
    assert 0 < stopped["checkpointStep"] < 120
    session.run()
    session.wait()
    task = next(t for t in session.state["tasks"] if t["spec"] == stopped["spec"])
    assert task["status"] == "finished"
    assert task["attempts"][-1]["fromStep"] == stopped["checkpointStep"]


def test_a_trial_is_stopped_and_the_session_reset_at_once(session: Session) -> None:
    def standing() -> Task:
        import dataclasses
        import time

        task = lines()
        batches: list[int] = []

        def collate(samples: list[Any]) -> Any:
            batches.append(len(samples))
            if len(batches) > 60:  # an inspection needs fewer
                time.sleep(300)
            return task.collate(samples)

        return dataclasses.replace(task, collate=collate)

    session.cluster(cpu=2)
    session.add(standing)
    session.profile(wait=False)
    until(lambda: any(trial["status"] == "running" for trial in session.state["trials"]))
    with pytest.raises(SaturnError) as busy:
        session.reset()
    assert busy.value.code == "busy"
    session.stop()
    assert session.state["trials"] == []
    assert not [cell for cell in session.state["cells"] if cell["source"] == "measured"]
    session.reset()
    assert session.state["tasks"] == []
    session.add(lines)
    session.run()
    session.wait()
    assert statuses(session.state) == {"lines": "finished"}


def test_an_inspection_is_stopped_and_made_again_when_needed(
    session: Session, tmp_path: Path
) -> None:
    gate = tmp_path / "open"

    def gated(name: str) -> Task:
        import time

        while name == "slow" and not gate.exists():
            time.sleep(0.1)
        return lines()

    session.cluster(cpu=1)
    adding = threading.Thread(
        target=lambda: session.add(gated, {"name": ["slow", "quick"]}, wait=True)
    )
    adding.start()
    until(
        lambda: statuses(session.state) == {"gated-slow": "inspecting", "gated-quick": "inspecting"}
    )
    session.stop(["gated-slow"])
    adding.join(60)
    assert statuses(session.state) == {"gated-slow": "stopped", "gated-quick": "ready"}
    gate.touch()
    session.run()
    session.wait()
    assert statuses(session.state) == {"gated-slow": "finished", "gated-quick": "finished"}
