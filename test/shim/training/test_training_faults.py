"""What goes wrong in a rank is told as what it is, and costs no more than it must."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import cloudpickle
import pytest
import torch
from jupyterlab_saturn import wire
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.task import Task
from nightly import nightly
from ranks import MEGABYTE, Group, Session, finish, virtual_device
from training_tasks import broken, hog, mlp

cloudpickle.register_pickle_by_value(sys.modules[__name__])

ALWAYS: dict[str, Any] = {"checkpointSeconds": 1e-9}  # a checkpoint whenever the ranks agree


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def failure(group: Group, kind: str = "failed") -> Json:
    """The error of a group all of whose ranks failed by themselves."""
    assert set(group.wait()) == {1}, group.log
    assert {event["kind"] for event in group.events} <= {kind, "started", "step", "checkpoint"}
    error: Json = group.of(kind)[0]["error"]
    wire.validate("Failure", error)
    return error


def committed(session: Session, name: str) -> list[str]:
    folder = session.paths.checkpoints(name)
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def small_devices(count: int) -> list[Json]:
    return [virtual_device(index, 300 * MEGABYTE) for index in range(count)]


@pytest.mark.parametrize("kind", ["trial", "train"])
@pytest.mark.parametrize(("technique", "devices"), [("single", 1), ("ddp", 2)])
def test_memory_beyond_the_device_is_out_of_memory(
    session: Session, kind: str, technique: str, devices: int
) -> None:
    start: Any = getattr(session, kind)
    group = start(
        session.spec(hog, megabytes=400), technique, devices, devices=small_devices(devices)
    )
    assert failure(group, "oom")["code"] == "out-of-memory"


def test_memory_within_the_device_is_enough(session: Session) -> None:
    group = session.trial(session.spec(hog, megabytes=200), "single", devices=small_devices(1))
    assert group.wait() == [0], group.log
    cell = group.of("trial")[0]["cell"]
    assert 200 * MEGABYTE <= cell["peakBytes"] <= 300 * MEGABYTE


def test_a_factory_that_raises_has_failed_with_its_own_traceback(session: Session) -> None:
    spec = {
        **session.spec(broken, lr=3.0),
        "source": "# a cell\ndef broken(lr):\n    raise ValueError(f'no such rate: {lr}')\n",
    }
    error = failure(session.trial(spec, "single"))
    assert error["code"] == "factory-failed"
    assert error["message"] == "broken raised: ValueError: no such rate: 3.0"
    first_frame = error["traceback"].splitlines()[1]
    assert "in broken" in first_frame


def test_a_loss_that_raises_has_failed_with_the_users_frames_first(session: Session) -> None:
    session.script.write_text(json.dumps({"raise": 2, "raise-last": 2}))
    group = session.train(session.spec(mlp, script=str(session.script)), "ddp", 2)
    error = failure(group)
    assert error["code"] == "training-failed"
    assert error["message"] == "ValueError: the labels are wrong"
    assert "in loss" in error["traceback"].splitlines()[1]
    assert "jupyterlab_saturn/training/run/training_loop.py" in group.log


@pytest.mark.parametrize("workers", [0, 1])
def test_a_dataset_that_raises_is_told_with_the_sample(session: Session, workers: int) -> None:
    def gap(workers: int) -> Task:
        from typing import Any

        from torch.utils.data import Dataset

        class Gap(Dataset[Any]):
            def __init__(self, data: Any) -> None:
                self.data = data

            def __len__(self) -> int:
                return len(self.data)

            def __getitem__(self, index: int) -> Any:
                if index == 17:
                    raise KeyError("no such image")
                return self.data[index]

        task = mlp(workers=workers)
        return type(task)(**{**vars(task), "data": Gap(task.data)})

    error = failure(session.train(session.spec(gap, workers=workers), "single"))
    assert error["code"] == "data-failed"
    assert error["message"].startswith("Sample 17 of the data cannot be loaded: KeyError")
    assert "in __getitem__" in error["traceback"].splitlines()[1]


def test_one_rank_that_raises_ends_the_other_silently(session: Session) -> None:
    session.script.write_text(json.dumps({"raise-last": 2}))
    group = session.train(session.spec(mlp, script=str(session.script)), "ddp", 2)
    assert group.wait() == [3, 1]
    told = [(event["kind"], event["rank"]) for event in group.events if event["kind"] != "step"]
    assert told == [("started", 0), ("failed", 1)]


@pytest.mark.parametrize("technique", [pytest.param("ddp", marks=nightly), "fsdp"])
def test_a_killed_rank_costs_the_steps_since_the_checkpoint(
    session: Session, technique: str
) -> None:
    reference = session.spec(mlp, "reference", script=str(session.script))
    finish(session.train(reference, technique, 2))

    spec = session.spec(mlp, "killed", script=str(session.script))
    session.script.write_text(json.dumps({"kill-last": 9}))
    group = session.train(spec, technique, 2, **ALWAYS)
    assert group.wait() == [3, -signal.SIGKILL]
    assert not group.of("failed")
    saved = group.of("checkpoint")[-1]["step"]
    assert 0 < saved <= 9

    session.script.unlink()
    group = session.train(spec, technique, 2)
    finish(group)
    assert group.of("started")[0]["step"] == saved
    for name, tensor in session.weights(reference).items():
        torch.testing.assert_close(session.weights(spec)[name], tensor, rtol=1e-6, atol=1e-7)


def perishable(script: str) -> Task:
    """A task whose rank is killed in its second save, or at the beginning of its third.

    Which of the things it does to the folder of checkpoints is its last, a script tells.
    """
    import os
    import signal
    import sys
    from pathlib import Path

    file = Path(script)
    fate = int(file.read_text()) if file.exists() else 0
    sync = os.fsync
    saves: set[str] = set()
    done = 0

    def fsync(descriptor: Any) -> None:
        number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
        sys.audit("os.fsync", str(Path(f"/proc/self/fd/{number}").readlink()))
        sync(descriptor)

    # What only reads, or opens a folder to have it synchronised, changes nothing.
    reading = ("r", "rb", None)

    def see(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal done
        texts = [text for text in map(str, arguments) if "/checkpoints" in text]
        saves.update(text for text in texts if event == "os.mkdir" and text.endswith(".tmp"))
        if not texts or len(saves) < 2 or (event == "open" and arguments[1] in reading):
            return
        done += 1
        if done == fate or len(saves) == 3:
            sys.stderr.write(f"killed in save {len(saves)} at {event} {texts}\n")
            sys.stderr.flush()
            os.kill(os.getpid(), signal.SIGKILL)

    os.fsync = fsync
    sys.addaudithook(see)
    return mlp()


def test_killed_at_any_step_of_a_save_the_last_commit_loads(session: Session) -> None:
    spec = session.spec(perishable, script=str(session.script))
    lives: list[tuple[int, list[int], str]] = []
    while not lives or "save 2" in lives[-1][2]:
        session.script.write_text(str(len(lives) + 1))
        group = session.train(spec, "single", steps=10**6, checkpointSeconds=1e-9)
        assert group.wait() == [-signal.SIGKILL], group.log
        told = [event["step"] for event in group.of("checkpoint")]
        lives.append((group.of("started")[0]["step"], told, group.log))
    # Each life begins at the first save of the one before until the commit, at its second after.
    moved = [after[0] > before[1][0] for before, after in pairwise(lives)]
    assert moved == sorted(moved)
    assert all(after[0] >= before[1][-1] for before, after in pairwise(lives))
    places = [log for _, _, log in lives]
    for step in ("os.mkdir", ".distcp", ".metadata", "manifest.json", "os.fsync", "os.rename"):
        assert any(step in place for place in places), step
    assert len(lives) > 12


def test_a_loss_that_is_not_a_number_keeps_the_good_checkpoint(session: Session) -> None:
    spec = session.spec(mlp, "nan", script=str(session.script))
    session.script.write_text(json.dumps({"nan-last": 8}))
    group = session.train(spec, "ddp", 2, **ALWAYS)
    error = failure(group)
    assert error["code"] == "loss-not-finite"
    saved = group.of("checkpoint")[-1]["step"]
    assert saved <= 8
    assert f"The checkpoint of step {saved} is kept." in error["hint"]
    assert committed(session, "nan")[-1] == f"step-{saved:09d}-1"


def test_weights_spoilt_by_the_last_step_are_not_saved(session: Session) -> None:
    def spoilt() -> Any:
        import torch

        class Spoiler(torch.optim.SGD):
            def step(self, closure: Any = None) -> Any:
                super().step(closure)
                with torch.no_grad():
                    self.param_groups[0]["params"][0].fill_(float("inf"))

        task = mlp()
        changes = {"optimizer": lambda ps: Spoiler(ps, lr=0.1), "schedule": None}
        return type(task)(**{**vars(task), **changes})

    error = failure(session.train(session.spec(spoilt), "single", steps=1))
    assert error["code"] == "loss-not-finite"
    assert committed(session, "spoilt") == []


def test_a_full_disk_is_called_so(session: Session) -> None:
    def on_full_disk() -> Any:
        import shutil
        from types import SimpleNamespace

        setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=0))  # noqa: B010
        return mlp()

    error = failure(session.train(session.spec(on_full_disk), "ddp", 2))
    assert error["code"] == "disk-full"
    assert "0.0 MB left" in error["message"]


def test_a_write_error_keeps_the_last_checkpoint(session: Session) -> None:
    def on_bad_disk() -> Any:
        import errno
        import os

        real, calls = os.fsync, 0

        def fsync(fd: Any) -> None:
            nonlocal calls
            calls += 1
            if calls > 8:
                raise OSError(errno.EIO, "Input/output error")
            real(fd)

        os.fsync = fsync
        return mlp()

    group = session.train(session.spec(on_bad_disk), "single", **ALWAYS)
    error = failure(group)
    assert error["code"] == "checkpoint-failed"
    saved = [event["step"] for event in group.of("checkpoint")]
    assert len(saved) == 1
    assert committed(session, "on_bad_disk") == [f"step-{saved[0]:09d}-1"]


def test_all_ranks_stop_at_the_same_step(session: Session) -> None:
    group = session.train(session.spec(mlp), "ddp", 2, steps=10**7)
    group.until("step")
    group.signal(signal.SIGTERM, ranks=[1])
    assert group.wait() == [0, 0], group.log
    stopped = group.of("stopped")[0]["step"]
    assert group.of("checkpoint")[-1]["step"] == stopped
    assert committed(session, "mlp") == [f"step-{stopped:09d}-1"]


def test_a_rank_asked_for_its_stack_writes_it_and_trains_on(session: Session) -> None:
    group = session.train(session.spec(mlp), "ddp", 2, steps=10**7)
    group.until("step")
    group.signal(signal.SIGUSR1, ranks=[1])
    group.until("step")
    group.signal(signal.SIGTERM)
    assert group.wait() == [0, 0], group.log
    assert group.log.count("Stack (most recent call first)") == 1
    assert "training_loop.py" in group.log  # wherever in a step it is


@pytest.mark.parametrize("change", [{"hash": "another"}, {"seed": 8}])
def test_a_checkpoint_of_another_task_is_not_resumed(session: Session, change: Json) -> None:
    spec = session.spec(mlp)
    finish(session.train(spec, "single"))
    group = session.train({**spec, **change}, "single")
    finish(group)
    assert group.of("started")[0]["step"] == 0


def test_a_checkpoint_of_another_length_is_not_resumed(session: Session) -> None:
    spec = session.spec(mlp)
    finish(session.train(spec, "single"))
    group = session.train(spec, "single", steps=14)
    finish(group)
    assert group.of("started")[0]["step"] == 0


def test_a_checkpoint_that_does_not_fit_is_refused(session: Session) -> None:
    spec = session.spec(mlp)
    finish(session.train(spec, "single", steps=4))
    other = session.spec(hog, megabytes=1)
    group = session.train({**other, "name": "mlp", "hash": spec["hash"]}, "single", steps=4)
    assert failure(group)["code"] == "checkpoint-mismatch"


def test_a_strategy_of_no_technique_is_refused(session: Session) -> None:
    assert failure(session.train(session.spec(mlp), "magic"))["code"] == "unknown-technique"


def test_a_strategy_that_cannot_be_is_refused_with_the_reason(session: Session) -> None:
    error = failure(session.trial(session.spec(mlp, batch_size=7), "ddp", 2))
    assert error["code"] == "infeasible"
    assert "a batch of 7 does not divide evenly over 2 devices" in error["message"]


def test_sharding_over_a_backend_that_averages_wrongly_is_refused(session: Session) -> None:
    def on_wrong_backend() -> Any:
        import torch.distributed as dist

        name = "reduce_scatter_single"
        name = name if hasattr(dist, name) else "reduce_scatter_tensor"
        right = getattr(dist, name)
        setattr(dist, name, lambda mine, parts, op: right(mine, parts, op=dist.ReduceOp.SUM))
        return mlp()

    spec = session.spec(on_wrong_backend)
    assert failure(session.train(spec, "fsdp", 2))["code"] == "wrong-average"


def test_unused_parameters_are_explained_under_ddp(session: Session) -> None:
    script = str(session.script)

    def unused() -> Any:
        from torch import nn

        class Partial(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.used, self.unused = nn.Linear(6, 3), nn.Linear(6, 3)

            def forward(self, x: Any) -> Any:
                return self.used(x)

        task = mlp(script=script)
        return type(task)(**{**vars(task), "model": Partial()})

    spec = session.spec(unused)
    assert failure(session.trial(spec, "ddp", 2))["code"] == "unused-parameters"
    session.script.write_text(json.dumps({"terminate": 2}))
    group = session.train(spec, "fsdp", 2)
    assert group.wait() == [0, 0], group.log
    stopped = group.of("stopped")[0]["step"]
    session.script.unlink()
    group = session.train(spec, "single")
    finish(group)
    assert group.of("started")[0]["step"] == stopped
