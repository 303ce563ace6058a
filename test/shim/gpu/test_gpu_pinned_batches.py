"""Batches that are loaded ahead for a GPU are pinned, so copies of them need not be waited for."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from fake_cuda import fake_cuda
from jupyterlab_saturn.training.task import batch_loader
from jupyterlab_saturn.training.task.batch_loader import BatchLoader
from jupyterlab_saturn.training.task.data_order import MicroBatch, TrainBatches
from jupyterlab_saturn.training.task.samples import Samples
from torch.utils.data._utils.pin_memory import pin_memory
from training_tasks import mlp


@pytest.mark.parametrize("on_gpu", [False, True])
def test_they_are_on_gpus_only(monkeypatch: pytest.MonkeyPatch, on_gpu: bool) -> None:
    made: list[dict[str, Any]] = []

    def loader(*_: Any, **options: Any) -> list[Any]:
        made.append(options)
        return [[]]

    monkeypatch.setattr(batch_loader, "DataLoader", loader)
    task = mlp(workers=1)
    batches = TrainBatches(task, Samples(task.data, None, 7), 7)
    with fake_cuda(1) as cuda:
        cuda.initialized = on_gpu
        BatchLoader(batches, 1, 3).load(0)
    assert made[0]["pin_memory"] is on_gpu


def test_all_tensors_of_a_micro_batch_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor, *_: tensor + 1)
    micro = MicroBatch([torch.zeros(2), {"y": torch.zeros(1)}], 2, 0.5, 9)
    (pinned,) = pin_memory([micro])
    assert pinned.batch[0].tolist() == [1.0, 1.0]
    assert pinned.batch[1]["y"].tolist() == [1.0]
    assert (pinned.samples, pinned.weight, pinned.seed) == (2, 0.5, 9)


def test_what_cannot_be_pinned_is_used_as_it_is_and_told() -> None:
    class Odd:
        def pin_memory(self) -> None:
            raise RuntimeError("this batch does not move")

    micro = MicroBatch(Odd(), 2, 0.5, 9)
    with pytest.warns(UserWarning, match="not pinned.*does not move"):
        (pinned,) = pin_memory([micro])
    assert pinned is micro
