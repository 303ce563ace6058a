from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes.bench import HERE, Json, living, session, task
from jupyterlab_saturn.agent.device_leases import DeviceLeases
from jupyterlab_saturn.agent.event_receiver import EventReceiver
from jupyterlab_saturn.agent.group_limits import Limits
from jupyterlab_saturn.agent.group_outcome import GroupOutcome
from jupyterlab_saturn.agent.job_context import JobContext
from jupyterlab_saturn.agent.rank_group import RankGroup
from jupyterlab_saturn.agent.rank_launcher import RankLauncher
from jupyterlab_saturn.agent.rank_process import RankProcess
from jupyterlab_saturn.agent.rank_surroundings import SurroundingsRegistry
from jupyterlab_saturn.paths import events_socket
from waiting import SECONDS

LIMITS = Limits(last_words=0.2, stacks=0.5, leave=0.5)
BOTH = pytest.mark.parametrize("zygote", ["unsafe", "ready"])


@contextlib.asynccontextmanager
async def place(
    zygote: str = "unsafe", limits: Limits = LIMITS
) -> AsyncIterator[tuple[JobContext, str]]:
    with session() as (paths, token):
        paths.ensure_runtime()
        launcher = RankLauncher(
            paths.zygote_log,
            rank_command=[sys.executable, str(HERE / "rank.py")],
            zygote_command=[sys.executable, str(HERE / "zygote.py"), zygote],
        )
        events = EventReceiver(events_socket(paths.runtime))
        try:
            yield (
                JobContext(
                    paths=paths,
                    launcher=launcher,
                    events=events,
                    say=lambda message: None,
                    leases=DeviceLeases(paths),
                    surroundings=SurroundingsRegistry(paths, events),
                    limits=limits,
                ),
                token,
            )
        finally:
            await launcher.close()
            events.close()


class Story:
    """A group of two ranks and what was heard of them."""

    def __init__(self, here: JobContext, number: int = 1, count: int = 2, **acts: str) -> None:
        self.heard: list[Json] = []
        self.logs: list[str] = []
        self.came = asyncio.Event()
        request = {"kind": "train", "task": task(**acts)}
        self.folder = here.paths.attempt("t", number)
        self.group: RankGroup = here.group(request, self.folder, count, heard=self.hear)

    def hear(self, event: Json) -> None:
        self.heard.append(event)
        self.came.set()

    @property
    def kinds(self) -> list[tuple[str, int]]:
        return [(event["kind"], event["rank"]) for event in self.heard]

    async def heard_both(self) -> None:
        while len(self.heard) < 2:
            self.came.clear()
            await self.came.wait()


def tell(
    zygote: str = "unsafe",
    deadline: float | None = None,
    limits: Limits = LIMITS,
    then: Callable[[Story], Awaitable[None]] | None = None,
    **acts: str,
) -> tuple[GroupOutcome, Story]:
    async def main() -> tuple[GroupOutcome, Story]:
        async with place(zygote, limits) as (here, token):
            story = Story(here, **acts)
            running = asyncio.create_task(story.group.run(deadline))
            if then is not None:
                await then(story)
            outcome = await running
            # Not even for a moment longer than the group itself.
            assert living(token, "rank.py") == []
            story.logs = [story.group.logs.of(rank).read_text() for rank in range(2)]
            return outcome, story

    return asyncio.run(main())


@BOTH
def test_a_group_finishes(zygote: str) -> None:
    outcome, story = tell(
        zygote, rank0="print hello;started 0;step 1;checkpoint 2;finished 2", rank1=""
    )
    assert (outcome.kind, outcome.step) == ("finished", 2)
    assert outcome.word is not None and outcome.word["result"]["loss"] == 0.25
    assert [kind for kind, _ in story.kinds] == ["started", "step", "checkpoint", "finished"]
    assert story.logs == ["hello\n", ""]


def test_the_request_is_written_down_complete() -> None:
    written: Json = {}

    async def read(story: Story) -> None:
        await story.heard_both()
        written.update(json.loads((story.folder / "request.json").read_text()))

    tell(then=read, rank0="started 0;step 1;sleep 0.1;finished 2", rank1="")
    assert written["kind"] == "train" and written["task"]["name"] == "t"
    assert {"job", "session", "events", "requestedAt"} <= written.keys()


@BOTH
def test_one_fails_and_its_hanging_peer_is_killed(zygote: str) -> None:
    outcome, _ = tell(zygote, rank0="started 0;deaf;sleep 300", rank1="failed ValueError: mine")
    assert outcome.kind == "failed"
    assert outcome.error == {"code": "task-failed", "message": "ValueError: mine"}


def test_an_echo_that_comes_first_is_not_the_reason() -> None:
    outcome, _ = tell(
        limits=Limits(last_words=5.0),
        rank0="failed Connection closed by peer",
        rank1="sleep 0.05;failed ValueError: mine",
    )
    assert outcome.error is not None and outcome.error["message"] == "ValueError: mine"


def test_out_of_memory_is_told_apart() -> None:
    outcome, _ = tell(rank0="sleep 300", rank1="oom too much")
    assert outcome.kind == "oom"


@BOTH
def test_a_killed_rank_is_lost(zygote: str) -> None:
    outcome, _ = tell(zygote, rank0="started 0;sleep 300", rank1="print bye;kill 9")
    assert outcome.kind == "lost"
    assert outcome.error is not None
    assert outcome.error["message"].startswith("Rank 1 was killed by signal 9 (SIGKILL)")
    assert outcome.error["traceback"] == "bye"


@BOTH
def test_a_silent_exit_has_failed_with_its_log(zygote: str) -> None:
    outcome, _ = tell(zygote, rank0="sleep 300", rank1="print I am tired;exit 7")
    assert outcome.kind == "failed"
    assert outcome.error is not None
    assert outcome.error["traceback"] == "I am tired"


def test_leaving_without_a_result_has_failed() -> None:
    outcome, _ = tell(ranks="print so long")
    assert outcome.error is not None and outcome.error["code"] == "no-result"


@BOTH
def test_peers_of_one_that_left_without_a_result_do_not_wait_for_it(zygote: str) -> None:
    outcome, _ = tell(zygote, rank0="print bye", rank1="sleep 300")
    assert outcome.kind == "failed" and outcome.error is not None
    assert outcome.error["code"] == "no-result"
    assert outcome.error["traceback"] == "bye"


@BOTH
def test_helpers_of_a_rank_go_with_it(zygote: str) -> None:
    outcome, _ = tell(zygote, ranks="helper;started 0;finished 1")
    assert outcome.kind == "finished"
    outcome, _ = tell(zygote, rank0="helper;started 0;sleep 300", rank1="helper;kill 9")
    assert outcome.kind == "lost"


@BOTH
def test_a_hung_rank_is_killed_at_the_deadline_with_its_stack(zygote: str) -> None:
    outcome, story = tell(zygote, deadline=3.0, rank0="stacks;sleep 300", rank1="stacks;sleep 300")
    assert outcome.kind == "failed"
    assert outcome.error is not None
    assert outcome.error["code"] == "trial-timeout"
    assert outcome.error["traceback"].count("do_sleep") == 2
    assert all("do_sleep" in log for log in story.logs)


def test_a_rank_that_does_not_leave_after_its_last_word_is_killed() -> None:
    outcome, _ = tell(rank0="finished 3", rank1="deaf;sleep 300")
    assert (outcome.kind, outcome.step) == ("finished", 3)


@BOTH
def test_stopping_gives_the_step_the_ranks_agreed_on(zygote: str) -> None:
    async def stop(story: Story) -> None:
        await story.heard_both()
        story.group.stop(grace=300)

    outcome, _ = tell(zygote, then=stop, ranks="obey 17;started 0;sleep 300")
    assert (outcome.kind, outcome.step) == ("stopped", 17)


def test_stopping_by_force_gives_the_last_checkpoint() -> None:
    async def stop(story: Story) -> None:
        await story.heard_both()
        story.group.stop(grace=0.2)

    outcome, _ = tell(then=stop, rank0="deaf;started 4;checkpoint 9;sleep 300", rank1="sleep 300")
    assert (outcome.kind, outcome.step, outcome.error) == ("stopped", 9, None)


def test_a_group_stopped_before_it_began_starts_nothing() -> None:
    async def main() -> None:
        async with place() as (here, _):
            story = Story(here, ranks="started 0;sleep 300")
            story.group.stop(grace=60)
            assert (await story.group.run()).kind == "stopped"
            assert story.heard == []
            assert not story.group.logs.of(0).exists()

    asyncio.run(main())


@BOTH
def test_a_cancelled_group_leaves_nobody(zygote: str) -> None:
    async def main() -> None:
        async with place(zygote) as (here, token):
            story = Story(here, ranks="helper;deaf;started 0;sleep 300")
            running = asyncio.create_task(story.group.run())
            await story.heard_both()
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            assert living(token, "rank.py") == []
            assert living(token, "time.sleep") == []

    asyncio.run(main())


def test_a_group_cancelled_while_a_rank_starts_leaves_nobody() -> None:
    """The rank is there already, and speaks, before the zygote says its process id."""

    async def main() -> None:
        async with place("slow") as (here, token):
            story = Story(here, ranks="helper;deaf;started 0;sleep 300")
            running = asyncio.create_task(story.group.run())
            await story.came.wait()
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            [zygote] = living(token)
            assert "zygote.py" in zygote[1]

    asyncio.run(main())


class Gate:
    """A launcher that starts ranks up to one, and that one once the test lets it."""

    def __init__(self, launcher: RankLauncher, last: int) -> None:
        self._launcher = launcher
        self._last = last
        self.asked: list[int] = []
        self.opened = asyncio.Event()

    async def start(self, request: Path, rank: int, *more: Any) -> RankProcess:
        self.asked.append(rank)
        if rank == self._last:
            await self.opened.wait()
        return await self._launcher.start(request, rank, *more)


def condemn_by_its_sockets(group: RankGroup) -> None:
    group.lose_sockets()


def condemn_by_order(group: RankGroup) -> None:
    group.stop(grace=0.0)


@BOTH
@pytest.mark.parametrize("last", [0, 1, 2])
@pytest.mark.parametrize("condemn", [condemn_by_its_sockets, condemn_by_order])
def test_once_condemned_no_rank_starts_or_stays(
    zygote: str, last: int, condemn: Callable[[RankGroup], None]
) -> None:
    """Whoever is being started just then."""

    async def main() -> None:
        async with place(zygote) as (here, token):
            gate = Gate(here.launcher, last)
            there = replace(here, launcher=gate)  # type: ignore[arg-type]
            story = Story(there, count=4, ranks="helper;deaf;started 0;sleep 300")
            running = asyncio.create_task(story.group.run())
            while len(story.heard) < last or len(gate.asked) <= last:
                await asyncio.sleep(0.01)
            condemn(story.group)
            async with asyncio.timeout(SECONDS):
                outcome = await running
            assert outcome.kind in ("stopped", "lost")
            assert gate.asked == list(range(last + 1))
            gate.opened.set()
            await asyncio.sleep(0.1)
            assert living(token, "rank.py") == living(token, "time.sleep") == []

    asyncio.run(main())


@pytest.mark.parametrize("zygote", ["unsafe", "ready", "slow"])
@pytest.mark.parametrize("end", ["kill 9", "exit 7", "failed ValueError: mine"])
@pytest.mark.parametrize("patience", [0.0, 0.2])
def test_a_rank_dies_while_others_start(zygote: str, end: str, patience: float) -> None:
    """The one after it is started before, or while, or not until the group is condemned."""

    async def main() -> None:
        async with place(zygote, replace(LIMITS, last_words=patience)) as (here, token):
            gate = Gate(here.launcher, 2)
            there = replace(here, launcher=gate)  # type: ignore[arg-type]
            story = Story(
                there, count=4, rank0=end, **{f"rank{n}": "deaf;sleep 300" for n in (1, 2, 3)}
            )
            async with asyncio.timeout(SECONDS):
                outcome = await story.group.run()
            assert outcome.kind == ("lost" if end == "kill 9" else "failed")
            assert 3 not in gate.asked
            gate.opened.set()
            await asyncio.sleep(0.1)
            assert living(token, "rank.py") == []
            assert len(living(token, "zygote.py")) <= 1  # those that are forked look like it

    asyncio.run(main())


def test_ranks_that_train_do_without_the_folder_of_sockets() -> None:
    async def lose(story: Story) -> None:
        await story.heard_both()
        story.group.lose_sockets()

    acts = "started 0;step 1;sleep 0.5;"
    outcome, _ = tell(then=lose, rank0=f"{acts}finished 2", rank1="")
    assert outcome.kind == "finished"
    outcome, _ = tell(then=lose, rank0=f"{acts}failed no such file", rank1="sleep 300")
    assert outcome.kind == "lost" and outcome.error is not None
    assert (outcome.error["code"], outcome.error["traceback"]) == ("sockets-lost", "no such file")


@pytest.mark.parametrize("removed", [False, True])
@pytest.mark.parametrize("anew", [False, True])
def test_ranks_that_found_no_socket_are_told_apart(removed: bool, anew: bool) -> None:
    async def remove(story: Story) -> None:
        await story.heard_both()
        events = story.group._events
        if removed:
            events.path.unlink()
        if removed and anew:
            events.bind(events.path)
        os.kill(story.group.pids[0], signal.SIGTERM)

    outcome, _ = tell(then=remove, rank0="leave 4;started 0;sleep 300", rank1="started 0;sleep 300")
    assert outcome.error is not None
    told = ("lost", "sockets-lost") if removed else ("failed", "rank-failed")
    assert (outcome.kind, outcome.error["code"]) == told


def test_ranks_lost_with_the_zygote_are_told_apart() -> None:
    async def main() -> None:
        async with place("ready") as (here, _):
            for killed, code in ((False, "rank-lost"), (True, "zygote-lost")):
                story = Story(here, ranks="started 0;step 1;sleep 300")
                running = asyncio.create_task(story.group.run())
                while len(story.group.pids) < 2 or len(story.heard) < 4:
                    await asyncio.sleep(0.01)
                zygote = here.launcher.zygote.pid
                assert zygote is not None
                os.kill(zygote if killed else story.group.pids[0], signal.SIGKILL)
                outcome = await running
                assert outcome.error is not None
                assert (outcome.kind, outcome.error["code"]) == ("lost", code)

    asyncio.run(main())


def test_noise_on_the_socket_harms_nothing() -> None:
    outcome, story = tell(rank0="noise;started 0;noise;finished 1", rank1="noise")
    assert outcome.kind == "finished"
    assert story.kinds == [("started", 0), ("finished", 0)]


def test_events_of_two_groups_do_not_mix() -> None:
    async def main() -> None:
        async with place("ready") as (here, _):
            stories = [
                Story(here, n, rank0=f"started {n};step {n};finished {n}") for n in (10, 20, 30)
            ]
            outcomes = await asyncio.gather(*(story.group.run() for story in stories))
            assert [outcome.step for outcome in outcomes] == [10, 20, 30]
            assert [[event["step"] for event in story.heard] for story in stories] == [
                [n] * 3 for n in (10, 20, 30)
            ]

    asyncio.run(main())


def test_a_folder_that_cannot_be_made_is_a_failure() -> None:
    async def main() -> Any:
        async with place() as (here, _):
            here.paths.task("t").write_text("a file where a folder should be")
            return await Story(here, ranks="finished 1").group.run()

    outcome = asyncio.run(main())
    assert outcome.kind == "failed" and outcome.error["code"] == "not-writable"
