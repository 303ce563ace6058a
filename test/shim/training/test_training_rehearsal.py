"""What comes late or seldom in a training is gone through once before."""

from __future__ import annotations

import math
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


class Counting(torch.optim.SGD):
    """Its rate follows a count that no state has."""

    def __init__(self, params: Any, late: bool = False) -> None:
        super().__init__(params, lr=0.1)
        self.steps = 0
        self.late = late

    def step(self, closure: Any = None) -> Any:
        self.steps += 1
        for group in self.param_groups:
            group["lr"] = 0.1 / (self.steps if not self.late else 1 + self.steps // 1000)
        return super().step(closure)


class Lookahead(torch.optim.SGD):
    """Remembers slow weights in a list of its own."""

    def __init__(self, params: Any) -> None:
        super().__init__(params, lr=0.1)
        groups = self.param_groups
        self.slow = [p.detach().clone() for group in groups for p in group["params"]]
        self.state_of_slow = 0

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        super().step(closure)
        self.state_of_slow = (self.state_of_slow + 1) % 5
        if self.state_of_slow == 0:
            parameters = (p for group in self.param_groups for p in group["params"])
            for parameter, slow in zip(parameters, self.slow, strict=True):
                slow.lerp_(parameter, 0.5)
                parameter.copy_(slow)


class Wrapping(torch.optim.Optimizer):
    """One round another, without what PyTorch's have."""

    def __init__(self, params: Any) -> None:
        self.inner = torch.optim.SGD(params, lr=0.1)
        self.param_groups, self.state = self.inner.param_groups, self.inner.state
        self.defaults = self.inner.defaults

    def zero_grad(self, set_to_none: bool = True) -> None:
        self.inner.zero_grad(set_to_none)

    def step(self, closure: Any = None) -> Any:
        return self.inner.step(closure)


@pytest.mark.parametrize(
    ("optimizer", "why"),
    [
        (Counting, "remembers what is neither in its state"),
        (lambda params: Counting(params, late=True), "counts its steps in the optimizer's steps"),
        (Lookahead, "remembers what is neither in its state"),
        (Wrapping, "has no state to be had"),
    ],
)
def test_an_optimizer_that_a_pause_would_change_is_refused(optimizer: Any, why: str) -> None:
    error = refusal(optimizer=optimizer)
    assert error.code == "hidden-state"
    assert why in error.message


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda params: torch.optim.AdamW(params, 1e-2, amsgrad=True),
        lambda params: torch.optim.SGD(params, 0.1, momentum=0.9, nesterov=True),
        lambda params: torch.optim.NAdam(params, 1e-2),
        lambda params: torch.optim.Rprop(params, 1e-2),
        lambda params: torch.optim.Adafactor(params, 1e-2),
        lambda params: torch.optim.ASGD(params, 1e-2, t0=4),
    ],
)
def test_optimizers_of_pytorch_are_paused_without_a_word(optimizer: Any) -> None:
    assert told(optimizer=optimizer, schedule=None) == []


def test_a_rate_that_is_a_tensor_is_paused_as_well() -> None:
    rate = torch.tensor(1e-2)
    assert told(optimizer=lambda params: torch.optim.Adam(params, rate, foreach=False)) == []


def test_a_schedule_that_a_pause_would_change_is_refused() -> None:
    calls = {"made": 0}

    def factor(_: int) -> float:
        calls["made"] += 1
        return 0.9 ** calls["made"]

    error = refusal(schedule=lambda o, _: torch.optim.lr_scheduler.LambdaLR(o, factor))
    assert error.code == "hidden-state"
    assert "other learning rates" in error.message


class Heated(nn.Linear):
    temperature, calls = 1.0, 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x) / self.temperature


def test_what_is_called_before_a_step_does_not_count_by_itself() -> None:
    model = Heated(6, 3)
    calls: list[int] = []

    def count(_step: int, _epoch: int) -> None:
        model.calls += 1

    assert told(model=model, before_step=count) == []  # nobody goes by it

    def heat(_step: int, _epoch: int) -> None:
        calls.append(1)
        model.temperature = 1.0 + len(calls)

    error = refusal(model=model, before_step=heat)
    assert "the model's temperature" in error.message
    assert "each time it is called" in error.message

    def follow(step: int, _epoch: int) -> None:
        model.temperature = 1.0 + step

    assert told(model=model, before_step=follow) == []
    model.best = math.nan  # of nothing yet
    assert told(model=model, before_step=follow) == []


class Growing(Dataset[Any]):
    def __init__(self) -> None:
        self.epoch = 0

    def __len__(self) -> int:
        return 16

    def __getitem__(self, index: int) -> Any:
        return torch.full((6,), 1.0 + self.epoch), index % 3


def test_samples_are_not_changed_before_a_step_for_they_are_loaded_by_then() -> None:
    data = Growing()

    def tell(_step: int, epoch: int) -> None:
        data.epoch = epoch

    error = refusal(steps=8, data=data, batch_size=4, before_step=tell)
    assert "changes samples of the data" in error.message
    assert "set_epoch" in (error.hint or "")
