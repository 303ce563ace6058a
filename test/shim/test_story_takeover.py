"""A task that moves to ranks that started beside it, and who is killed meanwhile."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any

import cloudpickle
import psutil
import pytest
from jupyterlab_saturn import Session, Task
from jupyterlab_saturn.errors import Json
from nightly import nightly
from stage import alive
from test_story import home, lines, named, processes, session
from waiting import until

__all__ = ["home", "session"]  # fixtures

# As the functions of a notebook, that of this module travels by value.
cloudpickle.register_pickle_by_value(sys.modules[__name__])

NAME = "built"
OTHERS = ["fsdp", "offload", "pipeline", "tensor"]


def built(pause: float = 0.02, build: float = 1.0) -> Task:
    """Fit a line; who is to train it takes so many seconds to build it, in which others can die."""
    import time

    time.sleep(build)
    return lines(lr=0.1, pause=pause, steps=400)


def task(session: Session) -> Json:
    return next(one for one in session.state["tasks"] if one["spec"]["name"] == NAME)


def ranks(session: Session) -> list[psutil.Process]:
    """Each leads a session of its own; in the order of their starts."""
    found: dict[int, psutil.Process] = {}
    for zygote in named("training.zygote", session):
        with contextlib.suppress(psutil.NoSuchProcess):
            found |= {one.pid: one for one in (zygote, *zygote.children(recursive=True))}
    begun: dict[psutil.Process, float] = {}
    for one in found.values():
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):  # it has just ended
            if os.getsid(one.pid) == one.pid:
                begun[one] = one.create_time()
    return sorted(begun, key=begun.__getitem__)


def victims(session: Session, victim: str, old: list[psutil.Process]) -> list[psutil.Process]:
    if victim == "old":
        return old
    if victim == "new":
        return until(lambda: [rank for rank in ranks(session) if rank not in old])[:1]
    mark = {
        "agent": "jupyterlab_saturn.agent",
        "engine": "engine.mjs",
        "zygote": "training.zygote",
    }[victim]
    return [one for one in named(mark, session) if one not in ranks(session)]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "victim",
    [
        pytest.param("nobody", marks=nightly),
        pytest.param("old", marks=nightly),
        "new",
        pytest.param("agent", marks=nightly),
        pytest.param("engine", marks=nightly),
        pytest.param("zygote", marks=nightly),
    ],
)
def test_whoever_dies_while_a_task_moves_its_weights_are_the_same(
    session: Session, victim: str
) -> None:
    import torch

    session.cluster(cpu=2)
    session.add(built)
    session.profile(full=True, exclude=OTHERS)
    session.wish(pin="technique=single")
    session.run()
    until(lambda: task(session)["progress"]["step"] > 5)
    old = ranks(session)
    session.wish(pin="technique=ddp")
    # It is soon over, and a state that nobody asks for may come later than that.
    until(lambda: session.attachment.attach().sync() and "next" in task(session))
    before = processes(session.paths)
    for process in victims(session, victim, old) if victim != "nobody" else []:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    again = session
    if victim == "agent":
        until(lambda: not alive(before))
        again = Session("story", session.paths.folder.parent)
    again.wait()
    moved: Any = task(again)
    assert moved["status"] == "finished"
    attempts = moved["attempts"]
    assert [attempt["number"] for attempt in attempts] == list(range(1, len(attempts) + 1))
    if victim == "nobody":
        first, second = attempts
        assert first["outcome"] == "stopped"
        assert second["strategy"]["technique"] == "ddp"
        assert second["fromStep"] > 5
    again.wish(clear=True)
    again.clone(NAME, seed=0, pause=0.0, name="plain")
    again.run()
    again.wait()
    weights, plain = (
        torch.load(again.paths.model(name), weights_only=True) for name in (NAME, "plain")
    )
    for name, tensor in plain.items():
        torch.testing.assert_close(weights[name], tensor, rtol=1e-5, atol=1e-7)
    if again is not session:
        again.close()
