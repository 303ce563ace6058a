"""Processes that load ahead change when batches are made, not what is in them, and end in time."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import psutil
import pytest
import torch
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.components.seeding import global_state
from jupyterlab_saturn.training.runtime.failure import is_loader_lost
from jupyterlab_saturn.training.task.batch_loader import BatchLoader
from jupyterlab_saturn.training.task.data_order import MicroBatch, TrainBatches
from jupyterlab_saturn.training.task.samples import Samples, _Tensors
from ranks import MEGABYTE, Session, finish, virtual_device
from torch.utils.data import TensorDataset
from training_tasks import mlp
from waiting import SECONDS, until

STEPS = 12


def loader(workers: int) -> BatchLoader:
    """Of samples with noise on them, in two micro-batches a step."""
    torch.manual_seed(0)
    task = mlp(augment=True)
    batches = TrainBatches(task, Samples(task.data, None, 7), 7, micro_batches=2)
    return BatchLoader(batches, workers, STEPS)


def flat(micro_batches: list[MicroBatch]) -> list[Any]:
    return [(micro.samples, micro.seed, *micro.batch) for micro in micro_batches]


def assert_equal(one: list[MicroBatch], other: list[MicroBatch]) -> None:
    torch.testing.assert_close(flat(one), flat(other), rtol=0, atol=0)


def children() -> list[psutil.Process]:
    return [
        process
        for process in psutil.Process().children(recursive=True)
        if "multiprocessing" not in " ".join(process.cmdline())
    ]


@pytest.fixture
def ahead() -> Iterator[BatchLoader]:
    loading = loader(2)
    yield loading
    loading.close()


def test_workers_load_the_same_batches_in_the_same_order(ahead: BatchLoader) -> None:
    here = loader(0)
    for step in range(STEPS):
        assert_equal(ahead.load(step), here.load(step))


def test_loading_goes_on_from_any_step(ahead: BatchLoader) -> None:
    here = loader(0)
    for step in (7, 8, 3):
        assert_equal(ahead.load(step), here.load(step))


def test_workers_leave_the_global_generators_alone(ahead: BatchLoader) -> None:
    before = global_state()
    ahead.load(0)
    assert global_state() == before


def test_workers_end_when_the_loader_is_closed(ahead: BatchLoader) -> None:
    before = set(children())
    ahead.load(0)
    started = set(children()) - before
    assert len(started) == 2
    ahead.close()
    gone, alive = psutil.wait_procs(started, timeout=SECONDS)
    assert len(gone) == 2
    assert not alive


def test_a_process_that_dies_disturbs_only_who_waits_for_its_batches(ahead: BatchLoader) -> None:
    before = set(children())
    ahead.load(0)
    started = set(children()) - before
    for process in started:
        process.kill()
    for _ in range(100):  # in which the death is noticed
        time.sleep(0.002)
    with pytest.raises(RuntimeError) as caught:
        for step in range(1, STEPS):
            ahead.load(step)
    assert is_loader_lost(caught.value)


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def assert_nothing_left(pids: list[int]) -> None:
    """No process of the ranks' sessions lives on. Each has a moment to be ended by the kernel."""
    # The watchdog of DataLoader itself looks every five.
    until(lambda: not [p for p in psutil.pids() if _session(p) in pids and _lives(p)], 3.0)


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return -1


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_training_with_workers_is_the_same_and_leaves_none_behind(session: Session) -> None:
    results = []
    for workers in (0, 2):
        spec = session.spec(mlp, f"workers-{workers}", workers=workers, augment=True)
        group = session.train(spec, "ddp", 2)
        results.append(finish(group)["loss"])
        assert_nothing_left(group.pids)
    assert results[0] == results[1]


def test_a_failed_training_leaves_no_worker_behind(session: Session) -> None:
    def wrong() -> Task:
        task = mlp(workers=2, augment=True)

        def loss(outputs: Any, targets: Any) -> Any:
            raise ValueError("the labels are wrong")

        return type(task)(**{**vars(task), "loss": loss})

    group = session.train(session.spec(wrong), "single")
    assert group.wait() == [1]
    assert_nothing_left(group.pids)


def test_a_killed_rank_takes_its_workers_along(session: Session) -> None:
    spec = session.spec(mlp, workers=2, augment=True)
    group = session.train(spec, "single", steps=10**7)
    group.until("step")
    group.signal(9)
    assert group.wait() == [-9]
    assert_nothing_left(group.pids)


def test_what_workers_hold_is_not_the_devices_memory(session: Session) -> None:
    def hungry() -> Task:
        import torch

        task = mlp(workers=1, augment=True)

        class Hungry(type(task.data)):  # type: ignore[misc]
            def __getitem__(self, index: int) -> Any:
                if torch.utils.data.get_worker_info() is not None:
                    torch.ones(200 << 18)  # 200 MB for a moment
                return super().__getitem__(index)

        return type(task)(**{**vars(task), "data": Hungry(task.data.data)})

    small = [virtual_device(0, 150 * MEGABYTE)]
    finish(session.train(session.spec(hungry), "single", devices=small, steps=2))


def test_a_batch_of_two_is_cut_by_sample() -> None:
    def collate(samples: list[Any]) -> Any:
        drawn = torch.stack(samples) + torch.rand(1)
        return {"x": drawn}, {"y": drawn}

    samples = Samples(list(torch.arange(4.0).reshape(4, 1)), collate, 0)  # type: ignore[arg-type]
    (x, y), (rest, _) = samples.parts([0, 1], [range(1), range(1, 2)])
    assert x["x"].shape == y["y"].shape == rest["x"].shape == (1, 1)


@pytest.mark.parametrize(("ranks", "micro_batches"), [(1, 1), (1, 3), (2, 1), (4, 8)])
def test_rows_of_tensors_are_gathered_for_many_steps_at_once(
    ranks: int, micro_batches: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = TensorDataset(torch.arange(90.0).reshape(45, 2), torch.arange(45))
    task = replace(mlp(), data=data, batch_size=8, drop_last=False)
    gathered = 0
    gather = _Tensors.batch

    def counted(self: _Tensors, indices: Sequence[int]) -> list[torch.Tensor]:
        nonlocal gathered
        gathered += 1
        return gather(self, indices)

    monkeypatch.setattr(_Tensors, "batch", counted)
    for rank in range(ranks):
        samples = Samples(data, None, 7)
        batches = TrainBatches(task, samples, 7, rank, ranks, micro_batches)
        one_by_one = [batches.micro_batches(step) for step in range(STEPS)]
        gathered = 0
        loading = BatchLoader(batches, 0, STEPS)
        for step in range(STEPS):
            assert_equal(loading.load(step), one_by_one[step])
        assert gathered == 2  # six steps an epoch, which a block does not pass
        assert_equal(BatchLoader(batches, 0, STEPS).load(9), one_by_one[9])


def test_a_step_is_gathered_with_the_same_others_wherever_training_goes_on() -> None:
    data = TensorDataset(torch.zeros(4096, 64))
    task = replace(mlp(), data=data, batch_size=16)
    batches = TrainBatches(task, Samples(data, None, 7), 7)
    first, block = batches.block(70)
    assert (first, len(block)) == (64, 64)
    assert batches.block(127)[0] == 64
    assert batches.block(255)[0] == 192
    assert batches.block(256)[0] == 256


def test_data_that_may_change_before_a_step_is_gathered_then() -> None:
    data = TensorDataset(torch.arange(90.0).reshape(45, 2), torch.arange(45))
    task = replace(mlp(), data=data, batch_size=8, before_step=lambda step, epoch: None)
    batches = TrainBatches(task, Samples(data, None, 7), 7)
    first, block = batches.block(3)
    assert (first, len(block)) == (3, 1)
