"""A DataLoader that exists already is unpacked: all is taken but the order."""

from __future__ import annotations

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
    SequentialSampler,
    TensorDataset,
    WeightedRandomSampler,
)
from training_tasks import mlp

DATA = TensorDataset(torch.randn(12, 6), torch.randint(0, 3, (12,)))


class Endless(IterableDataset[Any]):
    def __iter__(self) -> Iterator[Any]:
        return iter(())


def collate(samples: list[Any]) -> Any:
    return samples


def task(loader: Any, **changes: Any) -> Task:
    return replace(mlp(), **{"batch_size": 0, "data": loader, **changes})


def test_what_a_loader_says_holds_where_the_task_says_nothing() -> None:
    loader = DataLoader(DATA, batch_size=4, shuffle=True, collate_fn=collate, num_workers=2)
    unpacked = adapt(task(loader, eval_data=DataLoader(DATA, batch_size=5, collate_fn=collate)))
    assert unpacked.data is unpacked.eval_data is DATA
    assert (unpacked.batch_size, unpacked.collate, unpacked.workers) == (4, collate, 2)
    assert unpacked.remarks == ()
    said = adapt(task(loader, batch_size=6, workers=1, collate=list))
    assert (said.batch_size, said.collate, said.workers) == (6, list, 1)


def test_the_default_collate_is_left_to_the_fast_way() -> None:
    assert adapt(task(DataLoader(DATA, batch_size=4, shuffle=True))).collate is None


@pytest.mark.parametrize(
    ("loader", "words"),
    [
        (DataLoader(DATA, batch_size=4), "is shuffled by the seed"),
        (DataLoader(DATA, batch_size=5, shuffle=True), "leaves out 2 samples"),
        (
            DataLoader(DATA, batch_size=4, sampler=WeightedRandomSampler([1.0] * 12, 12)),
            "WeightedRandomSampler of the data is left out",
        ),
        (
            DataLoader(DATA, batch_size=4, sampler=RandomSampler(DATA, replacement=True)),
            "RandomSampler of the data is left out",
        ),
    ],
)
def test_what_is_left_out_is_told(loader: Any, words: str) -> None:
    (remark,) = adapt(task(loader)).remarks
    assert words in remark


class Buckets(BatchSampler):
    """Batches of a user's own making."""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data": DataLoader(Endless(), batch_size=2)}, "no length and no index"),
        ({"data": DataLoader(DATA, batch_size=None)}, "makes no batches"),
        (
            {"data": DataLoader(DATA, batch_sampler=Buckets(SequentialSampler(DATA), 2, False))},
            "batches by a Buckets",
        ),
        ({"data": DATA, "eval_data": DataLoader(Endless())}, "no length and no index"),
        (
            {"data": DATA, "eval_data": DataLoader(DATA, collate_fn=collate)},
            "a collate_fn of its own",
        ),
    ],
)
def test_what_cannot_be_kept_is_refused_in_a_sentence(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SaturnError) as caught:
        adapt(task(None, **changes))
    assert caught.value.code == "unsupported"
    assert words in caught.value.message
