"""What comes late or seldom in a training is gone through once before."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.training.inspect.rehearsal import rehearse
from jupyterlab_saturn.training.task.samples import Samples
from torch import nn
from torch.utils.data import Dataset
from training_tasks import mlp

WEIGHTS = torch.tensor([1.0, 9.0, 2.0])


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


def told(steps: int = 10, **fields: Any) -> list[str]:
    return list(rehearse(mlp(**fields), steps, 0))


def refusal(steps: int = 10, **fields: Any) -> SaturnError:
    with pytest.raises(SaturnError) as caught:
        told(steps, **fields)
    return caught.value


def test_a_sound_task_says_nothing() -> None:
    assert told() == []


def test_a_schedule_that_ends_too_early_is_refused() -> None:
    error = refusal(schedule=lambda o, _: torch.optim.lr_scheduler.OneCycleLR(o, 0.1, 5))
    assert error.code == "rehearsal-failed"
    assert "Tried to step 7 times" in error.message or "Tried to step 6 times" in error.message


def test_a_schedule_that_is_mostly_stepped_by_epochs_is_told_of() -> None:
    def decay(optimizer: Any, _: int) -> Any:
        return torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)

    (text,) = told(schedule=decay, metrics={})
    assert "from 0.01 to 9.77e-06" in text
    assert told(schedule=decay, metrics={}, schedule_every="epoch") == []


def test_a_schedule_with_functions_and_objects_can_be_saved() -> None:
    class Gain:
        value = 2.0

    class Own(torch.optim.lr_scheduler.LRScheduler):
        def __init__(self, optimizer: Any) -> None:
            self.rule = lambda step: 1.0 / (1 + step)
            self.gain = Gain()
            super().__init__(optimizer)

        def get_lr(self) -> list[float]:
            return [lr * self.rule(self.last_epoch) for lr in self.base_lrs]

    assert told(schedule=lambda optimizer, _: Own(optimizer)) == []


def test_mistakes_in_metrics_are_refused_and_doubts_told() -> None:
    assert "NameError" in refusal(metrics={"a": lambda o, t: undefined}).message  # type: ignore[name-defined] # noqa: F821
    assert "not numbers" in refusal(metrics=lambda o, t: 3).message

    def doubt(outputs: Any, targets: Any) -> float:
        raise ValueError("only one class")

    (text,) = told(metrics={"auc": doubt})
    assert "only one class" in text


def test_rules_name_metrics_that_there_are() -> None:
    error = refusal(best="f1:max", validate_every=2)
    assert "'f1'" in error.message
    assert "accuracy" in error.message
    error = refusal(stop_early=lambda history: history[-1]["f1"] > 1, validate_every=2)
    assert "stop_early" in error.message


def test_extra_state_that_cannot_be_written_is_refused() -> None:
    class Unwritten(nn.Linear):
        def get_extra_state(self) -> Any:
            return lambda: 0

        def set_extra_state(self, state: Any) -> None:
            pass

    assert "state of the model fails" in refusal(model=Unwritten(6, 3)).message


def test_an_export_that_fails_is_refused() -> None:
    def export(weights: Any, folder: Any) -> None:
        raise OSError("no such bucket")

    assert "no such bucket" in refusal(export=export).message


def test_what_is_trained_is_settled_when_training_begins() -> None:
    model = nn.Sequential(nn.Linear(6, 8), nn.Linear(8, 3))
    model[0].requires_grad_(False)

    def unfreeze(step: int, epoch: int) -> None:
        model[0].requires_grad_(epoch > 0)

    error = refusal(model=model, before_step=unfreeze)
    assert "0.weight" in error.message
    assert not model[0].weight.requires_grad
    assert told(before_step=lambda step, epoch: None) == []


class Half(Dataset[Any]):
    """Draws for every third sample only."""

    def __len__(self) -> int:
        return 24

    def __getitem__(self, index: int) -> Any:
        x = torch.full((6,), float(index))
        return (x + torch.randn(6) if index % 3 == 1 else x), index % 3


def mask(samples: list[Any]) -> Any:
    """Draws for the batch as a whole."""
    x = torch.stack([sample[0] for sample in samples])
    return x * (torch.rand_like(x) > 0.3), torch.tensor([sample[1] for sample in samples])


@pytest.mark.parametrize("collate", [None, mask])
def test_parts_of_a_batch_are_the_batch_whoever_draws(collate: Any) -> None:
    indices = [1, 4, 5, 7, 9, 22]
    whole = Samples(Half(), collate, 3).batch(indices, epoch=2)
    torch.rand(9)
    parts = Samples(Half(), collate, 3).parts(indices, [range(1), range(1, 6)], epoch=2)
    for pair, one in zip(zip(*parts, strict=True), whole, strict=True):
        assert torch.equal(torch.cat(pair), one)
    again = Samples(Half(), collate, 3).batch(indices, epoch=3)
    assert not torch.equal(again[0], whole[0])
