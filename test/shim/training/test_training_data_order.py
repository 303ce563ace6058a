"""Sample order is a function of seed and step, whatever the number of ranks."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.task.data_order import TrainBatches, evaluation_parts
from jupyterlab_saturn.training.task.samples import Samples
from torch.utils.data import Dataset, Subset, TensorDataset, default_collate


class Plain(Dataset[Any]):
    """Samples that tell their index."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return torch.tensor([float(index)]), index


class Noisy(Plain):
    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return torch.tensor([index + random.random(), torch.rand(()).item()]), index


def task_of(data: Dataset[Any], batch_size: int = 8, **changes: Any) -> Task:
    return Task(
        model=torch.nn.Linear(1, 1),
        data=data,
        loss=torch.nn.functional.mse_loss,
        optimizer=torch.optim.SGD,
        batch_size=batch_size,
        **changes,
    )


def batches(
    seed: int = 3, rank: int = 0, ranks: int = 1, data: Dataset[Any] | None = None
) -> TrainBatches:
    taken = data or Plain(26)
    return TrainBatches(task_of(taken), Samples(taken, None, seed), seed, rank, ranks)


def test_an_epoch_takes_each_sample_at_most_once() -> None:
    order = batches()
    assert order.steps_per_epoch == 3
    for epoch in range(3):
        taken = [index for step in range(3) for index in order.indices(3 * epoch + step)]
        assert len(set(taken)) == 24
    assert order.indices(0) != order.indices(3)


@pytest.mark.parametrize("ranks", [2, 4, 8])
def test_ranks_share_the_batch_in_equal_parts(ranks: int) -> None:
    for step in (0, 2, 5):
        parts = [batches(rank=rank, ranks=ranks).indices(step) for rank in range(ranks)]
        assert {len(part) for part in parts} == {8 // ranks}
        assert [index for part in parts for index in part] == batches().indices(step)


def test_the_order_depends_on_the_seed_and_not_on_the_past() -> None:
    walked = batches()
    for step in range(7):
        walked.indices(step)
    assert walked.indices(7) == batches().indices(7)
    assert batches(seed=4).indices(7) != batches().indices(7)


def test_a_batch_that_does_not_divide_is_refused() -> None:
    with pytest.raises(SaturnError) as caught:
        batches(ranks=3)
    assert caught.value.code == "uneven-batch"


def test_tensors_take_the_fast_way_to_the_same_batch() -> None:
    whole = TensorDataset(torch.randn(30, 2), torch.arange(30))
    part = Subset(Subset(whole, list(range(29, 1, -1))), list(range(0, 28, 2)))
    for data in (whole, part):
        indices = [5, 0, 13]
        fast = Samples(data, None, 0).batch(indices)
        slow = default_collate([data[index] for index in indices])
        assert len(fast) == len(slow) == 2
        assert all(torch.equal(a, b) for a, b in zip(fast, slow, strict=True))


def test_augmentation_depends_on_sample_and_epoch_alone() -> None:
    whole = batches(data=Noisy(26)).micro_batches(4)[0].batch[0]
    torch.rand(5)
    parts = [
        batches(rank=rank, ranks=2, data=Noisy(26)).micro_batches(4)[0].batch[0]
        for rank in range(2)
    ]
    assert torch.equal(torch.cat(parts), whole)
    samples = Samples(Noisy(26), None, 3)
    assert torch.equal(samples.batch([1, 2], epoch=1)[0], samples.batch([1, 2], epoch=1)[0])
    assert not torch.equal(samples.batch([1], epoch=1)[0], samples.batch([1], epoch=2)[0])


def test_a_collate_gets_the_samples() -> None:
    assert Samples(Plain(5), lambda samples: [s[1] for s in samples], 0).batch([4, 2]) == [4, 2]


@pytest.mark.parametrize("count", [1, 7, 8, 9, 23, 64])
@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_evaluation_counts_each_sample_once_in_equal_numbers_of_forwards(
    count: int, ranks: int
) -> None:
    parts = [list(evaluation_parts(count, 4, rank, ranks)) for rank in range(ranks)]
    assert len({len(part) for part in parts}) == 1
    counted = [index for part in parts for span, number in part for index in span[:number]]
    assert sorted(counted) == list(range(count))
    assert all(1 <= len(span) <= 4 for part in parts for span, _ in part)
