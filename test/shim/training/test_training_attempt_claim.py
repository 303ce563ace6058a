"""An attempt that was given up cannot spoil the one after it, whenever it goes on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.training.run.atomic_checkpoint import AtomicCheckpoints
from jupyterlab_saturn.training.run.attempt_claim import NO_CLAIM, AttemptClaim
from jupyterlab_saturn.training.run.checkpoint_manifest import fingerprint, place_of

LATE = 7
"""Exit code of a process whose commit was refused."""


class Attempt:
    """An attempt at the task of a folder."""

    def __init__(self, folder: Path, number: int) -> None:
        self.claim = AttemptClaim(folder / "claims", number)
        self.checkpoints = AtomicCheckpoints(folder / "checkpoints", "a", self.claim)

    def begin(self) -> int:
        """Claim the task. The step to go on from."""
        self.claim.make()
        step = self.newest()[0]
        self.claim.begin_at(step)
        return step

    def newest(self) -> tuple[int, int]:
        """Step and attempt of the newest checkpoint."""
        manifest = self.checkpoints.newest()
        return (0, 0) if manifest is None else place_of(manifest)

    def save(self, step: int) -> None:
        temporary = self.checkpoints.begin(step, 0)
        (temporary / "weights").write_text(f"{step} by {self.claim.attempt}")
        files = {"weights": fingerprint(temporary / "weights")}
        self.checkpoints.commit(step, files, {"loss": 0.0})


def refused(work: Callable[[], object]) -> bool:
    try:
        work()
    except SaturnError as error:
        assert error.code == "late-commit"
        return True
    return False


def test_an_attempt_goes_on_from_the_one_before(tmp_path: Path) -> None:
    first, second = Attempt(tmp_path, 1), Attempt(tmp_path, 2)
    assert first.begin() == 0
    first.save(10)
    first.save(20)
    assert second.begin() == 20
    second.save(30)
    assert second.newest() == (30, 2)
    assert {path.name for path in (tmp_path / "claims").iterdir()} == {
        *("1", "1-from-0", "2", "2-from-20")
    }


def test_a_late_attempt_neither_begins_nor_saves(tmp_path: Path) -> None:
    first, second = Attempt(tmp_path, 1), Attempt(tmp_path, 2)
    first.begin()
    first.save(10)
    second.begin()
    assert refused(lambda: first.save(20))
    assert refused(first.claim.make)
    assert refused(Attempt(tmp_path, 1).begin)
    assert not refused(lambda: second.save(15))
    assert second.newest() == (15, 2)


def test_claims_are_made_twice_without_harm(tmp_path: Path) -> None:
    only = Attempt(tmp_path, 1)
    assert only.begin() == only.begin() == 0
    only.save(5)
    assert Attempt(tmp_path, 1).begin() == 5
    only.save(6)
    assert only.newest() == (6, 1)


def test_an_attempt_at_a_task_that_was_added_anew_is_late(tmp_path: Path) -> None:
    old, new = Attempt(tmp_path / "task", 3), Attempt(tmp_path / "task", 1)
    old.begin()
    old.save(10)
    (tmp_path / "task").rename(tmp_path / "task.removed")
    assert not refused(old.claim.require)  # nobody else has begun
    assert new.begin() == 0
    new.save(5)
    assert refused(lambda: old.save(20))
    assert new.newest() == (5, 1)


def test_an_attempt_goes_on_when_the_engine_has_forgotten_all(tmp_path: Path) -> None:
    first, second = Attempt(tmp_path, 1), Attempt(tmp_path, 2)
    first.begin()
    shutil.rmtree(tmp_path / "claims")
    assert not refused(lambda: first.save(10))
    assert second.begin() == 10
    assert refused(lambda: first.save(20))


def test_what_claims_nothing_is_refused_nothing(tmp_path: Path) -> None:
    Attempt(tmp_path, 3).begin()
    NO_CLAIM.make()
    NO_CLAIM.begin_at(3)
    NO_CLAIM.require()
    assert NO_CLAIM.accepts(1, 1 << 40)
    assert not any(path.name == "0" for path in tmp_path.rglob("*"))


def test_checkpoints_of_an_earlier_version_are_gone_on_from(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints" / "step-000000010"
    folder.mkdir(parents=True, mode=0o700)
    folder.parent.chmod(0o700)
    (folder / "weights").write_text("old")
    files = {"weights": fingerprint(folder / "weights")}
    manifest = {"v": 1, "step": 10, "identity": "a", "files": files}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    third = Attempt(tmp_path, 3)
    assert third.begin() == 10
    third.save(20)
    third.save(30)
    assert not folder.exists()
    assert third.newest() == (30, 3)


def test_what_was_committed_too_late_is_not_taken_by_any_later_attempt(tmp_path: Path) -> None:
    first, second, third = (Attempt(tmp_path, number) for number in (1, 2, 3))
    first.begin()
    first.save(10)
    # The first has looked whether it is late, and saves on while the second begins.
    blind = AtomicCheckpoints(tmp_path / "checkpoints", "a", _Blind(tmp_path / "claims", 1))
    assert second.begin() == 10
    temporary = blind.begin(20, 0)
    (temporary / "weights").write_text("late")
    blind.commit(20, {"weights": fingerprint(temporary / "weights")}, {})
    assert second.newest() == third.newest() == (10, 1)
    assert third.begin() == 10
    third.save(15)
    third.save(25)
    assert third.newest() == (25, 3)
    left = {path.name for path in (tmp_path / "checkpoints").iterdir()}
    assert left == {"step-000000015-3", "step-000000025-3"}


class _Blind(AttemptClaim):
    """Of a process that has looked before the others began, and acts after it."""

    def require(self) -> None:
        pass


def test_a_final_model_of_an_earlier_step_is_late_by_where_training_ended(tmp_path: Path) -> None:
    first, second = Attempt(tmp_path, 1), Attempt(tmp_path, 2)
    first.begin()
    first.save(60)
    second.begin()
    blind = AtomicCheckpoints(tmp_path / "final", "a", _Blind(tmp_path / "claims", 1))
    temporary = blind.begin(50, 0)
    (temporary / "weights").write_text("the best, of step 50")
    details = {"weights": fingerprint(temporary / "weights")}
    blind.commit(50, details, {"ended": 100, "bestStep": 50})
    assert AtomicCheckpoints(tmp_path / "final", "a", second.claim).newest() is None
    assert AtomicCheckpoints(tmp_path / "final", "a", first.claim).newest() is None


def test_dropped_is_only_what_no_later_attempt_has(tmp_path: Path) -> None:
    first, second = Attempt(tmp_path, 1), Attempt(tmp_path, 2)
    first.begin()
    first.save(10)
    second.begin()
    second.save(20)
    first.checkpoints.drop()
    assert second.newest() == (20, 2)
    second.checkpoints.drop(kept=20)
    assert second.newest() == (20, 2)
    second.checkpoints.drop()
    assert not (tmp_path / "checkpoints").exists()


@pytest.mark.parametrize("same", [False, True])
def test_paused_at_any_moment_it_does_no_harm_to_the_next(tmp_path: Path, same: bool) -> None:
    """Stop the first at each access to the file system in turn, while the second goes on."""
    outcomes = []
    for moment in range(1, 200):
        folder = tmp_path / str(moment)
        first, second = Attempt(folder, 1), Attempt(folder, 2)
        first.begin()
        first.save(10)
        first.save(20)
        child = pausing_at(moment, lambda first=first: first.save(30))
        paused = child is not None
        began = second.begin()
        # 20 while 30 is not committed; never anything else.
        assert began in (20, 30)
        step = 30 if same else began + 5
        if step > began:
            second.save(step)
        expected = second.newest()
        code = 0 if child is None else resumed(child)
        assert second.newest() == expected, (moment, code)
        assert second.newest()[0] >= began
        # What it had to fall back on is there.
        manifest = second.checkpoints.newest()
        assert manifest is not None and all(second.checkpoints.inspect(manifest))
        third = Attempt(folder, 3)
        assert third.begin() == expected[0]
        third.save(expected[0] + 1)
        third.save(expected[0] + 2)
        assert third.newest() == (expected[0] + 2, 3)
        left = [path.name for path in (folder / "checkpoints").iterdir()]
        assert all(name.endswith("-3") for name in left), left
        outcomes.append((began, code))
        if not paused:
            break
    assert len(outcomes) > 15
    # Paused early, it is refused; from its commit on, the second goes on from there.
    assert (20, LATE) in outcomes
    assert outcomes[-1] == (30, 0)


def pausing_at(moment: int, work: Callable[[], None]) -> int | None:
    """Do the work in a child that stops at its n-th access to files; None when it ended before."""
    child = os.fork()
    if child == 0:
        count = 0

        def hook(event: str, _arguments: tuple[object, ...]) -> None:
            nonlocal count
            if event == "open" or event.startswith(("os.", "shutil.")):
                count += 1
                if count == moment and event != "os.kill":
                    os.kill(os.getpid(), signal.SIGSTOP)

        sys.addaudithook(hook)
        code = 1
        try:
            code = LATE if refused(work) else 0
        except OSError:
            code = 2  # what it was writing is gone
        finally:
            os._exit(code)
    _, status = os.waitpid(child, os.WUNTRACED)
    if os.WIFSTOPPED(status):
        return child
    assert os.waitstatus_to_exitcode(status) == 0
    return None


def resumed(child: int) -> int:
    """The exit code of a child that goes on."""
    os.kill(child, signal.SIGCONT)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, LATE, 2), code
    return code
