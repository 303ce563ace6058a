"""An attempt that takes over from another, on a node to which its files cannot be brought."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from jupyterlab_saturn.agent.attempt_files import AttemptFiles
from jupyterlab_saturn.agent.group_outcome import GroupOutcome
from jupyterlab_saturn.agent.training_job import TrainingJob


class NoFiles(AttemptFiles):
    """Cannot be brought."""

    async def begin(self) -> None:
        raise OSError(28, "No space left on device")


class HeldGroup:
    """Ranks that are held until they are let go, or ended."""

    def __init__(self) -> None:
        self.over = asyncio.Event()
        self.ends: list[str] = []

    def release(self) -> None:
        self.ends.append("released")

    def stop(self, grace: float) -> None:
        self.ends.append("stopped")
        self.over.set()


@pytest.mark.timeout(10)
def test_it_ends_and_says_why() -> None:
    async def work() -> tuple[list[Any], list[str]]:
        said: list[Any] = []
        files = SimpleNamespace(attempt=lambda *_: NoFiles())
        place: Any = SimpleNamespace(say=said.append, files=files)
        body: Any = {"task": {"name": "t"}, "attempt": 2}
        previous: Any = SimpleNamespace(over=asyncio.Event(), has_finished=False)
        job, group = TrainingJob(place, body, {"id": "n"}, previous), HeldGroup()  # type: ignore[typeddict-item]

        async def train() -> GroupOutcome:
            taking: Any = group
            waiting = asyncio.create_task(job._take_over(taking, previous))
            previous.over.set()
            await group.over.wait()
            await waiting
            return GroupOutcome("stopped")

        job._train = train  # type: ignore[method-assign]
        await job.run()
        return said, group.ends

    said, ends = asyncio.run(work())
    assert ends == ["stopped"]
    assert [(each["body"]["kind"], each["body"]["error"]["code"]) for each in said] == [
        ("failed", "disk-full")
    ]
