"""Attempts at several tasks that are one run, each with an end of its own."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from fakes.bench import HERE, Json, session, task
from jupyterlab_saturn import wire
from jupyterlab_saturn.agent.agent_jobs import AgentJobs
from jupyterlab_saturn.agent.device_leases import DeviceLeases
from jupyterlab_saturn.agent.event_receiver import EventReceiver
from jupyterlab_saturn.agent.group_limits import Limits
from jupyterlab_saturn.agent.job_context import JobContext
from jupyterlab_saturn.agent.rank_launcher import RankLauncher
from jupyterlab_saturn.agent.rank_surroundings import SurroundingsRegistry
from jupyterlab_saturn.paths import events_socket
from waiting import eventually

NODE: Any = {
    "id": "here",
    "devices": [
        {"id": "cpu0", "kind": "cpu", "name": "CPU", "memoryBytes": 1 << 30, "cores": [0]},
    ],
}
LIMITS = Limits(last_words=0.2, stacks=0.3, leave=0.5, silence=30.0, silence_steps=2.0)


class Here:
    """An agent's jobs, and what they said of each task."""

    def __init__(self, place: JobContext) -> None:
        self.place = place
        self.jobs = AgentJobs(place)
        self.said: list[Json] = []

    def hear(self, message: Any) -> None:
        wire.encode("agent", message)
        self.said.append(message["body"])

    def start(self, acts: str, *names: str) -> None:
        first, *others = [task(name, ranks=acts if name == names[0] else "") for name in names]
        body = {
            "task": first,
            "attempt": 1,
            "steps": 9,
            "strategy": {"technique": "single", "devices": 1},
            "devices": ["cpu0"],
            "checkpointSeconds": 60,
            "base": "b",
            "fused": [{"task": other, "attempt": 1, "steps": 9} for other in others],
        }
        wire.validate("GroupStart", body)
        self.jobs.start_attempt(body, NODE)  # type: ignore[arg-type]

    def of(self, name: str) -> list[str]:
        return [event["kind"] for event in self.said if event["task"] == name]

    def last(self, name: str) -> Json:
        return [event for event in self.said if event["task"] == name][-1]

    def alive(self) -> list[str]:
        return [group["task"] for group in self.jobs.report([])["groups"]]


@contextlib.asynccontextmanager
async def here() -> AsyncIterator[Here]:
    with session() as (paths, _):
        paths.ensure_runtime()
        launcher = RankLauncher(
            paths.zygote_log,
            rank_command=[sys.executable, str(HERE / "rank.py")],
            zygote_command=[sys.executable, str(HERE / "zygote.py"), "ready"],
        )
        events = EventReceiver(events_socket(paths.runtime))
        made: list[Here] = []
        place = JobContext(
            paths=paths,
            launcher=launcher,
            events=events,
            say=lambda message: made[0].hear(message),
            leases=DeviceLeases(paths),
            surroundings=SurroundingsRegistry(paths, events),
            limits=LIMITS,
        )
        made.append(Here(place))
        try:
            yield made[0]
        finally:
            await made[0].jobs.end()
            await launcher.close()
            events.close()


def story(act: Callable[[Here], Awaitable[None]]) -> None:
    async def main() -> None:
        async with here() as place:
            await act(place)

    asyncio.run(main())


def test_each_has_its_own_events_and_end() -> None:
    async def act(here: Here) -> None:
        here.start("of a;started 0;of b;started 3;finished 9;of a;step 4;finished 9", "a", "b")
        await eventually(lambda: not here.alive())
        assert here.of("a") == ["started", "step", "finished"]
        assert here.of("b") == ["started", "finished"]
        with here.place.leases.hold(NODE["devices"]):
            pass
        log = here.place.paths.attempt("b", 1) / "rank0.log"
        assert log.is_symlink()
        assert log.exists()

    story(act)


def test_one_that_is_stopped_leaves_the_others() -> None:
    async def act(here: Here) -> None:
        acts = "of a;started 0;of b;started 0;heed b;stopped 4;of a;step 5;heed a;stopped 6"
        here.start(acts, "a", "b")
        await eventually(lambda: len(here.said) == 2)
        assert here.alive() == ["a", "b"]
        here.jobs.stop_attempt({"task": "b", "attempt": 1, "graceSeconds": 0})
        await eventually(lambda: "step" in here.of("a"))
        assert here.alive() == ["a"]
        assert here.last("b")["step"] == 4
        here.jobs.train_until({"task": "a", "attempt": 1, "step": 6})
        here.jobs.stop_attempt({"task": "a", "attempt": 1, "graceSeconds": 1})
        await eventually(lambda: not here.alive())
        # All that is left was stopped: the group is, and has this one's last checkpoint at least.
        assert here.last("a")["kind"] == "stopped"

    story(act)


def test_one_that_fails_leaves_the_others() -> None:
    async def act(here: Here) -> None:
        here.start("of a;started 0;of b;fails alone;of a;step 3;finished 9", "a", "b")
        await eventually(lambda: not here.alive())
        assert here.last("b")["error"]["message"] == "alone"
        assert here.of("a") == ["started", "step", "finished"]

    story(act)


def test_memory_that_is_not_enough_is_told_of_all_that_are_left() -> None:
    async def act(here: Here) -> None:
        here.start("of a;finished 9;of;oom all of it", "a", "b", "c")
        await eventually(lambda: not here.alive())
        assert here.of("a") == ["finished"]
        assert here.of("b") == here.of("c") == ["oom"]

    story(act)


def test_all_that_are_left_are_lost_with_their_ranks() -> None:
    async def act(here: Here) -> None:
        here.start("of b;checkpoint 4;of c;stopped 2;kill 9", "a", "b", "c")
        await eventually(lambda: not here.alive())
        assert here.of("c") == ["stopped"]
        assert here.last("a")["kind"] == here.last("b")["kind"] == "lost"

    story(act)


def test_all_leave_together() -> None:
    async def act(here: Here) -> None:
        here.start("of a;started 0;of b;checkpoint 2;sleep 300", "a", "b")
        await eventually(lambda: len(here.said) == 2)
        here.jobs.leave(0.1)
        await eventually(lambda: not here.alive())
        assert (here.last("a")["kind"], here.last("a")["step"]) == ("stopped", 0)
        assert (here.last("b")["kind"], here.last("b")["step"]) == ("stopped", 2)

    story(act)
