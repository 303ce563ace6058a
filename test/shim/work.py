"""An agent's jobs with a real zygote and real ranks, and proof that they leave nothing behind."""

from __future__ import annotations

import asyncio
import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes.bench import TOKEN, living
from jupyterlab_saturn import wire
from jupyterlab_saturn.agent.device_leases import DeviceLeases
from jupyterlab_saturn.agent.event_receiver import EventReceiver
from jupyterlab_saturn.agent.group_limits import Limits
from jupyterlab_saturn.agent.job_context import JobContext
from jupyterlab_saturn.agent.rank_launcher import RankLauncher
from jupyterlab_saturn.agent.rank_surroundings import SurroundingsRegistry
from jupyterlab_saturn.agent.training_job import TrainingJob
from jupyterlab_saturn.agent.trial_job import TrialJob
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.paths import SessionPaths, events_socket
from ranks import Session, virtual_device


class Workshop(Session):
    """A session whose jobs run as an agent runs them; what they say is valid on the wire."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self._token = token
        self._runner = asyncio.Runner()
        self._said: list[Json] = []
        self.paths.ensure_runtime()
        self._launcher = RankLauncher(self.paths.zygote_log)
        self._events = self._runner.run(_open(self.paths))
        self._place = JobContext(
            paths=self.paths,
            launcher=self._launcher,
            events=self._events,
            say=self._say,
            leases=DeviceLeases(self.paths),
            surroundings=SurroundingsRegistry(self.paths, self._events),
        )

    def attempt(
        self, spec: Json, technique: str, world: int = 1, patience: float = 60.0, **changes: Any
    ) -> list[Json]:
        """Train to the end, whatever that is. All events that an engine hears of it.

        Parameters
        ----------
        patience
            Seconds without a step after which ranks hang.
        """
        body = {
            "attempt": 1,
            "steps": 12,
            "checkpointSeconds": 1e-9,  # a checkpoint whenever the ranks agree
            **self._order(spec, technique, world),
            **changes,
        }
        wire.validate("GroupStart", body)
        place = replace(self._place, limits=Limits(silence=patience, silence_steps=0.0))
        return self._do(TrainingJob(place, body, self._node(world)).run())

    def try_out(self, spec: Json, technique: str, world: int = 1, **changes: Any) -> Json:
        """Measure a few steps. The profile cell."""
        body = {
            "trial": uuid.uuid4().hex,
            "signature": "s",
            "deadlineSeconds": 60,
            **self._order(spec, technique, world),
            **changes,
        }
        wire.validate("TrialStart", body)
        [result] = self._do(TrialJob(self._place, body, self._node(world)).run())
        cell: Json = result["cell"]
        return cell

    def log(self, spec: Json, rank: int = 0) -> str:
        """What a rank of the last attempt at a task wrote."""
        return (self.paths.attempt(spec["name"], 1) / f"rank{rank}.log").read_text("utf-8")

    def close(self) -> None:
        self._runner.run(self._launcher.close())
        self._events.close()
        self._runner.close()
        assert living(self._token) == []
        super().close()

    def assert_nothing_left(self) -> None:
        """No process of the jobs so far is left, no socket, no lock and no temporary file."""
        [zygote] = [pid for pid, _ in living(self._token)]
        assert zygote == self._launcher.zygote.pid
        assert [path.name for path in self.paths.runtime.iterdir()] == ["events.sock"]
        assert not any(self.paths.leases.iterdir())
        left = [str(path) for path in Path(os.environ["TMPDIR"]).rglob("*")]
        # PyTorch's cache is for all processes to come.
        left = [path for path in left if "/torchinductor_" not in path]
        assert left == [], left

    def _do(self, job: Any) -> list[Json]:
        self._said = []
        self._runner.run(job)
        self.assert_nothing_left()
        return self._said

    def _say(self, message: Json) -> None:
        wire.encode("agent", message)
        self._said.append(message["body"])

    def _order(self, spec: Json, technique: str, world: int) -> Json:
        return {
            "task": spec,
            "strategy": {"technique": technique, "devices": world},
            "devices": [device["id"] for device in self._node(world)["devices"]],
        }

    def _node(self, world: int) -> Json:
        return {"id": "here", "devices": [virtual_device(index) for index in range(world)]}


@contextmanager
def workshop() -> Iterator[Workshop]:
    """A workshop with a token, a folder of sockets and one of temporary files of its own."""
    token = uuid.uuid4().hex
    with (
        tempfile.TemporaryDirectory(prefix="sat-") as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name in ("run", "state", "tmp"):
            (Path(folder) / name).mkdir(mode=0o700)
        patch.setenv(TOKEN, token)
        patch.setenv("XDG_RUNTIME_DIR", f"{folder}/run")
        patch.setenv("XDG_STATE_HOME", f"{folder}/state")
        patch.setenv("TMPDIR", f"{folder}/tmp")  # of the ranks: this process has chosen already
        work = Workshop(token)
        try:
            yield work
        finally:
            work.close()


def kinds(events: list[Json]) -> list[str]:
    """What happened, steps left out: how many are told depends on the clock."""
    return [event["kind"] for event in events if event["kind"] != "step"]


async def _open(paths: SessionPaths) -> EventReceiver:
    return EventReceiver(events_socket(paths.runtime))
