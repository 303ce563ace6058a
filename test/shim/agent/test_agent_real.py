"""The agent with the real zygote and real gloo ranks; only the engine's socket is the test's."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cloudpickle
import pytest
from fakes.bench import HERE, PYTHON, EngineEar, Json, assert_gone, living, session
from jupyterlab_saturn.agent.agent_lock import agent_alive, read_status
from jupyterlab_saturn.paths import SessionPaths
from nightly import nightly
from waiting import SECONDS, until

cloudpickle.register_pickle_by_value(sys.modules[__name__])

DDP = {"technique": "ddp", "devices": 2}


def line(pause: float, slope: float) -> Any:
    """A straight line to fit, with a pause in each step."""
    import time
    from functools import partial

    import torch
    from jupyterlab_saturn.task import Task
    from torch.utils.data import TensorDataset

    if slope < 0:
        raise ValueError(f"{slope} leads downhill")

    def loss(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        time.sleep(pause)
        return torch.nn.functional.mse_loss(outputs, targets)

    inputs = torch.randn(64, 1)
    return Task(
        model=torch.nn.Linear(1, 1),
        data=TensorDataset(inputs, slope * inputs),
        loss=loss,
        optimizer=partial(torch.optim.SGD, lr=0.1),
        batch_size=8,
    )


class Scene:
    """A real agent and the orders an engine gives it."""

    def __init__(self, paths: SessionPaths, token: str, ear: EngineEar, agent: int) -> None:
        self.paths = paths
        self.token = token
        self.ear = ear
        self.agent = agent
        payload = cloudpickle.dumps(line)
        self.payload = f"{hashlib.sha256(payload).hexdigest()}.pkl"
        paths.payload(self.payload).write_bytes(payload)
        paths.payload(self.payload).chmod(0o600)

    def task(self, name: str, pause: float = 0.0, slope: float = 2.0) -> Json:
        return {
            "name": name,
            "sweep": "line",
            "params": {"pause": pause, "slope": slope},
            "seed": 0,
            "payload": self.payload,
            "hash": name,
        }

    def train(self, name: str, steps: int, pause: float = 0.0) -> None:
        body = {
            "task": self.task(name, pause),
            "attempt": 1,
            "steps": steps,
            "strategy": DDP,
            "devices": ["cpu0", "cpu1"],
            "checkpointSeconds": 60,
        }
        self.ear.say("group.start", body)

    def ranks(self) -> list[int]:
        """Pids of the ranks, the zygote's children."""
        zygote = [pid for pid, command in living(self.token, "training.zygote")]
        return [pid for pid in zygote if os.getsid(pid) == pid]


@contextmanager
def scene() -> Iterator[Scene]:
    with session() as (paths, token), EngineEar(paths) as ear:
        environment = {**os.environ, "SATURN_ENGINE": str(HERE / "idle_engine.mjs")}
        command = [PYTHON, "-m", "jupyterlab_saturn.agent", str(paths.folder)]
        with paths.agent_log.open("ab") as log:
            agent = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            ear.hear("agent.hello")
            ear.say("cluster.set", {"request": {"kind": "cpu", "count": 2}})
            ear.hear("cluster.report")
            yield Scene(paths, token, ear, agent.pid)
        finally:
            agent.terminate()
            agent.wait(SECONDS)


@nightly
@pytest.mark.timeout(240)
def test_the_whole_life_of_a_session() -> None:
    with scene() as here:
        ear = here.ear
        tasks = [here.task("good"), here.task("bad", slope=-1.0), here.task("fine")]
        ear.say("inspect", {"tasks": tasks, "maxDevices": 2})
        results = {}
        while len(results) < len(tasks):
            told = ear.hear("inspect.results", seconds=100)["body"]["results"]
            results.update({result["task"]: result for result in told})
        assert results["good"]["inspection"]["stepsPerEpoch"] == 8
        assert "inspection" in results["fine"]
        assert "-1.0 leads downhill" in results["bad"]["error"]["traceback"]

        trial = {
            "trial": "first",
            "task": tasks[0],
            "signature": results["good"]["inspection"]["signature"],
            "strategy": DDP,
            "devices": ["cpu0", "cpu1"],
            "deadlineSeconds": 60,
        }
        ear.say("trial.start", trial)
        cell = ear.hear("trial.result", seconds=100)["body"]["cell"]
        assert (cell["status"], cell["source"], cell["strategy"]) == ("ok", "measured", DDP)
        assert cell["stepSeconds"] > 0 and cell["startSeconds"] > 0

        ear.say("trial.start", {**trial, "trial": "second", "task": tasks[1]})
        cell = ear.hear("trial.result", seconds=100)["body"]["cell"]
        assert cell["status"] == "failed"
        assert "leads downhill" in cell["error"]["traceback"]

        ear.say(
            "trial.start",
            {**trial, "trial": "third", "task": here.task("slow", 300), "deadlineSeconds": 8},
        )
        cell = ear.hear("trial.result", seconds=100)["body"]["cell"]
        assert cell["error"]["code"] == "trial-timeout"
        assert "rank 1:" in cell["error"]["traceback"]
        assert "in loss" in cell["error"]["traceback"]

        here.train("good", steps=8)
        finished = ear.hear_event("finished", "failed", "lost")["body"]
        assert (finished["kind"], finished["step"]) == ("finished", 8)
        assert (here.paths.folder / finished["result"]["model"]).exists()
        assert here.ranks() == []

        here.train("killed", steps=10_000, pause=0.02)
        ear.hear_event("step")
        ranks = here.ranks()
        assert len(ranks) == 2
        os.kill(ranks[1], signal.SIGKILL)
        lost = ear.hear_event("finished", "failed", "lost")["body"]
        assert lost["kind"] == "lost"
        assert "killed by signal 9 (SIGKILL)" in lost["error"]["message"]
        assert here.ranks() == []

        here.train("stopped", steps=10_000, pause=0.02)
        ear.hear_event("step")
        ear.say("group.stop", {"task": "stopped", "attempt": 1, "graceSeconds": 60})
        stopped = ear.hear_event("finished", "failed", "lost", "stopped")["body"]
        assert stopped["kind"] == "stopped" and stopped["step"] >= 1
        checkpoints = here.paths.checkpoints("stopped")
        assert [path.name for path in checkpoints.iterdir() if path.is_dir()]
        assert here.ranks() == []

        left = {path.name for path in Path(here.paths.runtime).iterdir()}
        assert left == {"engine.sock", "events.sock"}

        here.train("orphan", steps=10_000, pause=0.02)
        ear.hear_event("step")
        assert len(here.ranks()) == 2
        os.kill(here.agent, signal.SIGKILL)
        assert_gone(here.token)
        until(lambda: not agent_alive(here.paths))


def test_when_the_zygote_dies_its_ranks_are_lost_and_the_next_live() -> None:
    with scene() as here:
        here.train("a", steps=10_000, pause=0.02)
        here.ear.hear_event("step")
        ranks = here.ranks()
        [zygote] = [pid for pid, _ in living(here.token, "training.zygote") if pid not in ranks]
        os.kill(zygote, signal.SIGKILL)
        lost = here.ear.hear_event("lost", "failed", "finished")["body"]
        assert lost["kind"] == "lost"
        assert here.ranks() == []
        here.train("b", steps=3)
        assert here.ear.hear_event("lost", "failed", "finished")["body"]["kind"] == "finished"
        until(lambda: "endpoint" in (read_status(here.paths) or {}))
