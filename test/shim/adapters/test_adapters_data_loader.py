"""A DataLoader that exists already is unpacked: samples, their order, and how batches are made."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.adapters import adapt
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    IterableDataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
)
from training_tasks import mlp

DATA = TensorDataset(torch.randn(12, 6), torch.randint(0, 3, (12,)))


class Endless(IterableDataset[Any]):
    def __iter__(self) -> Iterator[Any]:
        return iter(())


class Forever(Sampler[int]):
    def __iter__(self) -> Iterator[int]:
        while True:
            yield 0


class Buckets(Sampler[list[int]]):
    """Batches of unlike size in an order that follows the epoch and a count of its own."""

    def __init__(self) -> None:
        self.epoch = self.asked = 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return 3

    def __iter__(self) -> Iterator[list[int]]:
        self.asked += 1
        yield [self.epoch, self.asked]
        yield [random.randrange(12) for _ in range(5)]
        yield [7]


class Halving(DataLoader[Any]):
    def __iter__(self) -> Any:
        return iter([])


def collate(samples: list[Any]) -> Any:
    return samples


def task(loader: Any, **changes: Any) -> Task:
    return replace(mlp(), **{"batch_size": 0, "data": loader, **changes})


def order_of(loader: Any, epochs: int = 3, **changes: Any) -> list[list[list[int]]]:
    order = adapt(task(loader, **changes)).order
    assert order is not None
    return [[list(batch) for batch in order(epoch)] for epoch in range(epochs)]


def test_what_a_loader_says_holds_where_the_task_says_nothing() -> None:
    loader = DataLoader(DATA, batch_size=4, shuffle=True, collate_fn=collate, num_workers=2)
    unpacked = adapt(task(loader, eval_data=DataLoader(DATA, batch_size=5, collate_fn=list)))
    assert unpacked.data is unpacked.eval_data is DATA
    assert (unpacked.batch_size, unpacked.collate, unpacked.workers) == (4, collate, 2)
    assert (unpacked.eval_batch_size, unpacked.eval_collate) == (5, list)
    assert (unpacked.order, unpacked.drop_last, unpacked.remarks) == (None, False, ())
    said = adapt(task(loader, batch_size=6, workers=1, collate=list, eval_batch_size=3))
    assert (said.batch_size, said.collate, said.workers) == (6, list, 1)


def test_the_default_collate_is_left_to_the_fast_way() -> None:
    plain = DataLoader(DATA, batch_size=4, shuffle=True)
    unpacked = adapt(task(plain, eval_data=plain))
    assert unpacked.collate is unpacked.eval_collate is None
    own = DataLoader(DATA, batch_size=4, shuffle=True, collate_fn=collate)
    assert adapt(task(own, eval_data=plain)).eval_collate is default_collate
    assert adapt(task(plain, collate=collate, eval_data=plain)).eval_collate is None


def test_an_order_without_shuffling_is_kept() -> None:
    first, second, _ = order_of(DataLoader(DATA, batch_size=5))
    assert first == second == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11]]
    (first, *_) = order_of(DataLoader(DATA, batch_size=5, drop_last=True), batch_size=8)
    assert first == [[0, 1, 2, 3, 4, 5, 6, 7]]


@pytest.mark.parametrize(
    "sampler",
    [
        lambda: WeightedRandomSampler([0.0] * 6 + [1.0] * 6, 12),
        lambda: RandomSampler(DATA, replacement=True),
        lambda: RandomSampler(DATA, num_samples=8),
        lambda: SubsetRandomSampler([1, 3, 5, 7]),
        lambda: RandomSampler(DATA, generator=torch.Generator().manual_seed(3)),
    ],
)
def test_what_a_sampler_draws_is_a_function_of_the_epoch(sampler: Any) -> None:
    torch.manual_seed(5)
    loader = DataLoader(DATA, batch_size=4, sampler=sampler())
    order = adapt(task(loader)).order
    assert order is not None
    torch.rand(7)
    epochs = [order(epoch) for epoch in range(3)]
    assert epochs[0] != epochs[1] != epochs[2]
    torch.manual_seed(5)
    again = adapt(task(DataLoader(DATA, batch_size=4, sampler=sampler()))).order
    assert again is not None
    assert [again(2), again(0), again(1)] == [epochs[2], epochs[0], epochs[1]]
    drawn = {sample for epoch in epochs for batch in epoch for sample in batch}
    if isinstance(loader.sampler, WeightedRandomSampler):
        assert drawn <= set(range(6, 12))
    if isinstance(loader.sampler, SubsetRandomSampler):
        assert drawn == {1, 3, 5, 7}


def test_a_generator_of_its_own_gives_what_it_would_alone() -> None:
    def loader() -> DataLoader[Any]:
        generator = torch.Generator().manual_seed(3)
        return DataLoader(TensorDataset(torch.arange(12)), 5, shuffle=True, generator=generator)

    alone = loader()
    plain = [[batch[0].tolist() for batch in alone] for _ in range(3)]
    assert order_of(loader()) == plain


def test_batches_of_ones_own_making_are_kept_and_told_the_epoch() -> None:
    unpacked = adapt(task(DataLoader(DATA, batch_sampler=Buckets())))
    assert unpacked.batch_size == 5
    assert unpacked.order is not None
    third = unpacked.order(2)
    assert (third[0], third[2]) == ([2, 3], [7])
    assert unpacked.order(2) == third


def test_drawing_an_order_disturbs_nothing() -> None:
    made = task(DataLoader(DATA, batch_size=4, sampler=RandomSampler(DATA, replacement=True)))
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    order = adapt(made).order
    assert order is not None and order(1)
    assert torch.equal(torch.rand(1), expected)


def test_evaluation_is_on_the_samples_that_the_loader_gives() -> None:
    held_out = {
        "some": DataLoader(DATA, batch_size=2, sampler=SubsetRandomSampler([2, 4])),
        "whole": DataLoader(DATA, batch_size=2),
    }
    several = adapt(task(DATA, batch_size=4, eval_data=held_out)).eval_data
    assert isinstance(several, dict) and isinstance(several["some"], Subset)
    assert sorted(several["some"].indices) == [2, 4]
    assert several["whole"] is DATA
    dropping = DataLoader(DATA, batch_size=5, drop_last=True)
    assert len(adapt(task(DATA, batch_size=4, eval_data=dropping)).eval_data) == 10


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data": DataLoader(Endless(), batch_size=2)}, "no length and no index"),
        ({"data": DataLoader(DATA, batch_size=None)}, "makes no batches"),
        ({"data": DataLoader(DATA, sampler=Forever())}, "no end of samples"),
        ({"data": DataLoader(DATA, sampler=[3, 12])}, "the indices of 12 samples"),
        ({"data": Halving(DATA)}, "a Halving, which loads in a way of its own: __iter__"),
        (
            {"data": DataLoader(DATA, num_workers=1, worker_init_fn=print)},
            "a worker_init_fn",
        ),
        (
            {"data": DataLoader(DATA, batch_sampler=Buckets()), "batch_size": 4},
            "batches of 5 by a Buckets",
        ),
        ({"data": DATA, "eval_data": DataLoader(Endless())}, "no length and no index"),
        (
            {"data": DATA, "eval_data": {"a": DataLoader(DATA), "b": DataLoader(DATA, 3)}},
            "differ in their collate_fn or batch_size",
        ),
    ],
)
def test_what_cannot_be_kept_is_refused_in_a_sentence(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SaturnError) as caught:
        adapted = adapt(task(None, **changes))
        assert adapted.order is not None
        adapted.order(0)
    assert caught.value.code == "unsupported"
    assert words in caught.value.message


def test_a_subclass_that_only_chooses_its_arguments_is_known() -> None:
    class Small(DataLoader[Any]):
        def __init__(self, data: Any) -> None:
            super().__init__(data, batch_sampler=BatchSampler(SequentialSampler(data), 3, True))

    assert adapt(task(Small(DATA))).batch_size == 3
