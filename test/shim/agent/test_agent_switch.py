"""A group that takes over from another of its task: it starts while that one trains."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from fakes.bench import Json, living, task
from jupyterlab_saturn.agent import training_job
from jupyterlab_saturn.agent.training_job import TrainingJob
from nightly import nightly
from test_agent_jobs import NODE, place
from test_agent_real import DDP, Scene, scene
from waiting import eventually, until

SINGLE = {"technique": "single", "devices": 1}
STEPS = 60
ENDS = ("finished", "failed", "lost", "oom", "stopped")
BY_DAY = {("old", "begun"), ("new", "leaving"), ("zygote", "waiting")}
"""Each victim once, and each moment."""


@pytest.fixture(scope="module")
def here() -> Iterator[Scene]:
    with scene() as made:
        yield made


def start(
    here: Scene, name: str, attempt: int, strategy: Json, pause: float = 0.0, **changes: Any
) -> None:
    body = {
        "task": here.task(name, pause),
        "attempt": attempt,
        "steps": STEPS,
        "strategy": strategy,
        "devices": ["cpu0", "cpu1"][: strategy["devices"]],
        "checkpointSeconds": 60,
        **changes,
    }
    here.ear.say("group.start", body)


def held(here: Scene, count: int) -> list[int]:
    """Pids of the ranks, once there are so many."""
    until(lambda: len(here.ranks()) == count, 100)
    return here.ranks()


def hear_any(here: Scene, *kinds: str) -> Json:
    """The next event of some kinds. A new zygote takes its time to come."""
    body: Json = here.ear.hear_event(*kinds, seconds=100)["body"]
    return body


def hear(here: Scene, attempt: int, *kinds: str) -> Json:
    """The next event of some kinds, which must be of an attempt."""
    body = hear_any(here, *kinds)
    assert body["attempt"] == attempt, body
    return body


def weights(here: Scene, name: str) -> dict[str, torch.Tensor]:
    loaded: dict[str, torch.Tensor] = torch.load(here.paths.model(name), weights_only=True)
    return loaded


@pytest.fixture(scope="module")
def undisturbed(here: Scene) -> dict[str, torch.Tensor]:
    start(here, "whole", 1, SINGLE)
    assert hear(here, 1, *ENDS)["kind"] == "finished"
    return weights(here, "whole")


def assert_same(here: Scene, name: str, expected: dict[str, torch.Tensor]) -> None:
    for key, value in weights(here, name).items():
        torch.testing.assert_close(value, expected[key], rtol=0, atol=1e-6)


@pytest.mark.timeout(120)
def test_the_next_goes_on_where_the_other_left(
    here: Scene, undisturbed: dict[str, torch.Tensor]
) -> None:
    start(here, "moved", 1, DDP, 0.1, until=STEPS - 5)
    hear(here, 1, "started")
    start(here, "moved", 2, SINGLE, after=1)
    hear(here, 2, "ready", *ENDS)
    held(here, 3)
    here.ear.say("group.until", {"task": "moved", "attempt": 1, "step": STEPS - 20})
    assert hear(here, 1, "started", *ENDS) | {"time": 0} == {
        "task": "moved", "attempt": 1, "kind": "stopped", "step": STEPS - 20, "time": 0,
    }  # fmt: skip
    assert hear(here, 2, "started", *ENDS)["step"] == STEPS - 20
    assert hear(here, 2, *ENDS)["kind"] == "finished"
    assert_same(here, "moved", undisturbed)


@pytest.mark.timeout(120)
def test_one_that_waits_is_ended_at_once(here: Scene) -> None:
    start(here, "stays", 1, DDP, 0.01, steps=100_000)
    hear(here, 1, "started")
    start(here, "stays", 2, SINGLE, after=1)
    held(here, 3)
    here.ear.say("group.stop", {"task": "stays", "attempt": 2, "graceSeconds": 100})
    ended = hear(here, 2, "started", *ENDS)
    assert ended["kind"] == "stopped" and "step" not in ended
    held(here, 2)

    failing = {**here.task("stays"), "params": {"pause": 0.0, "slope": -1.0}}
    start(here, "stays", 3, SINGLE, after=1, task=failing)
    assert hear(here, 3, "started", *ENDS)["kind"] == "failed"
    here.ear.say("group.stop", {"task": "stays", "attempt": 1, "graceSeconds": 60})
    assert hear(here, 1, *ENDS)["kind"] == "stopped"


@pytest.mark.timeout(120)
def test_there_is_nothing_to_take_over_from_one_that_finishes(here: Scene) -> None:
    start(here, "done", 1, SINGLE, 0.02)
    start(here, "done", 2, DDP, after=1)
    assert hear(here, 1, *ENDS)["kind"] == "finished"
    assert hear(here, 2, "started", *ENDS)["kind"] == "stopped"


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("victim", "moment"),
    [
        pytest.param(victim, moment, marks=() if (victim, moment) in BY_DAY else nightly)
        for victim in ("old", "new", "zygote")
        for moment in ("waiting", "leaving", "begun")
    ],
)
def test_whoever_is_killed_no_step_is_lost_or_made_twice(
    here: Scene, undisturbed: dict[str, torch.Tensor], victim: str, moment: str
) -> None:
    """Attempts that end otherwise are begun anew, as the engine does it."""
    name = f"{victim}-{moment}"
    zygotes = {pid for pid, _ in living(here.token, "training.zygote")} - {*here.ranks()}
    start(here, name, 1, SINGLE, 0.1)
    hear(here, 1, "started")
    old = held(here, 1)
    start(here, name, 2, DDP, after=1)
    new = [pid for pid in held(here, 3) if pid not in old]
    events: list[Json] = []
    if moment != "waiting":
        here.ear.say("group.until", {"task": name, "attempt": 1, "step": 40})
    if moment == "begun":
        while not (events and (events[-1]["attempt"], events[-1]["kind"]) == (2, "started")):
            events.append(hear_any(here, "started", *ENDS))
    for pid in {"old": old, "new": new[1:], "zygote": list(zygotes)}[victim]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    attempt = 2
    ended = {event["attempt"] for event in events if event["kind"] in ENDS}
    while not any(event["kind"] == "finished" for event in events):
        while ended != set(range(1, attempt + 1)):
            event = hear_any(here, "started", *ENDS)
            events.append(event)
            if event["kind"] in ENDS:
                ended.add(event["attempt"])
        if not any(event["kind"] == "finished" for event in events):
            attempt += 1
            start(here, name, attempt, SINGLE)
    training = None  # never are there two
    for event in events:
        if event["kind"] == "started":
            assert training is None, events
            training = event["attempt"]
        elif event["attempt"] == training:
            training = None
    assert_same(here, name, undisturbed)


def test_without_room_it_starts_after(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_job, "has_room", lambda beside, ranks: False)

    def body(attempt: int, acts: str, **more: Any) -> Json:
        return {
            "task": task(ranks=acts),
            "attempt": attempt,
            "steps": 4,
            "strategy": DDP,
            "devices": ["cpu0", "cpu1"],
            "checkpointSeconds": 60,
            **more,
        }

    async def main() -> None:
        async with place() as (here, said):
            first = TrainingJob(here, body(1, "started 0;sleep 300"), NODE)
            running = asyncio.create_task(first.run())
            await eventually(lambda: said)
            second = TrainingJob(here, body(2, "started 3;finished 4", after=1), NODE, first)
            third = TrainingJob(here, body(3, "started 3", after=2), NODE, second)
            waiting = [asyncio.create_task(job.run()) for job in (second, third)]
            await asyncio.sleep(0.2)
            assert second.pids == []
            third.stop(60.0)
            await waiting[1]
            first.stop(0.0)
            await asyncio.gather(running, waiting[0])
            told = [(told["attempt"], told["kind"]) for _, told in said]
            assert [kind for kind in told if kind[1] != "started"] == [
                (2, "ready"), (3, "ready"), (3, "stopped"), (1, "stopped"), (2, "finished"),
            ]  # fmt: skip
            with here.leases.hold(NODE["devices"]):
                pass

    asyncio.run(main())
