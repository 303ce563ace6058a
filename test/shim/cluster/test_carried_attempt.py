"""How an attempt ends on a node from which its files are carried."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from fakes.file_scene import FileScene, commit, newest
from jupyterlab_saturn.agent.carried_attempt import CarriedAttempt
from jupyterlab_saturn.agent.group_outcome import GroupOutcome, Kind
from jupyterlab_saturn.training.run.attempt_claim import AttemptClaim

pytestmark = pytest.mark.timeout(30)


async def ended(scene: FileScene, outcome: GroupOutcome, *, late: bool) -> tuple[Kind, str, int]:
    """How an attempt is told to have ended, why, and how often its files were let go."""
    over = 0

    def let_go() -> None:
        nonlocal over
        over += 1

    async with scene.files() as files:
        attempt = CarriedAttempt(scene.there, files, "t", 1, lambda: None, let_go)
        await attempt.begin()
        commit(scene.there, 1, 10, b"weights")
        if late:
            AttemptClaim.of_task(scene.here, "t", 2).make()
        told = await attempt.end(outcome)
    return told.kind, "" if told.error is None else told.error["code"], over


@pytest.mark.parametrize("late", [False, True])
def test_what_an_attempt_has_is_with_the_session_at_its_end(tmp_path: Path, late: bool) -> None:
    scene = FileScene(tmp_path)
    told = asyncio.run(ended(scene, GroupOutcome("finished", step=10), late=late))
    assert told == (("failed", "late-commit", 1) if late else ("finished", "", 1))
    assert newest(scene.here, 1) == (None if late else (10, b"weights"))


def test_why_its_ranks_failed_comes_before_why_files_are_not_taken(tmp_path: Path) -> None:
    """Of memory that is not enough, and of an error of the task's own, something follows."""
    outcome = GroupOutcome("oom", error={"code": "out-of-memory", "message": "It is too large."})
    told = asyncio.run(ended(FileScene(tmp_path), outcome, late=True))
    assert told == ("oom", "out-of-memory", 1)


def test_what_nobody_wants_is_not_waited_for(tmp_path: Path) -> None:
    """As of a task that was removed while its checkpoint is on its way."""
    scene = FileScene(tmp_path)

    async def work() -> tuple[Kind, int]:
        async with scene.files() as files:
            attempt = CarriedAttempt(scene.there, files, "t", 1, lambda: None, lambda: None)
            await attempt.begin()
            scene.is_cut = True
            commit(scene.there, 1, 10, b"weights")
            attempt.hear("checkpoint", 10, lambda: None)
            ending = asyncio.create_task(attempt.end(GroupOutcome("finished", step=10)))
            await asyncio.wait((ending,), timeout=0.2)
            assert not ending.done()
            attempt.forget()
            told = await ending
            scene.is_cut = False
            # The line is as good as before.
            await files.begin("t", 2)
            return told.kind, scene.ops().count("commit")

    assert asyncio.run(work()) == ("stopped", 0)
    assert newest(scene.here, 2) is None
    assert not [*scene.there.own.glob("passing/*")]
