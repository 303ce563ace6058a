"""What losses and other functions of a task hold goes where the model goes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import pytest
import torch
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.components.held_tensors import place_held
from jupyterlab_saturn.training.components.predictions import Predictions
from jupyterlab_saturn.training.runtime.process_group import ProcessGroup
from jupyterlab_saturn.training.techniques import TECHNIQUES, Context, Runner
from torch import nn
from torch.nn import functional
from training_tasks import mlp

META = torch.device("meta")
GLOBAL_WEIGHT = torch.ones(3)


def on_meta(**fields: Any) -> tuple[Task, Runner]:
    task = Task(**{**vars(mlp()), **fields})
    context = Context(world=ProcessGroup(0, 1), device=META, steps=1)
    return task, TECHNIQUES["single"].build(task, context)


def test_a_loss_with_weights_is_moved_with_the_model() -> None:
    loss = nn.CrossEntropyLoss(weight=torch.ones(3))
    on_meta(loss=loss)
    assert loss.weight is not None
    assert loss.weight.device == META


class Pair(NamedTuple):
    first: torch.Tensor
    second: int


class Focal:
    def __init__(self) -> None:
        self.alpha = torch.ones(3)
        self.pair = Pair(torch.ones(2), 3)
        self.more = [torch.ones(1), {"deep": torch.ones(1)}]

    def __call__(self, outputs: Any, targets: Any) -> Any:
        return functional.cross_entropy(outputs, targets, self.alpha)

    def held(self) -> list[torch.Tensor]:
        return [self.alpha, self.pair.first, self.more[0], self.more[1]["deep"]]  # type: ignore


class Odd(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.plain = torch.ones(3)  # no buffer

    def forward(self, outputs: Any, targets: Any) -> Any:
        return functional.cross_entropy(outputs, targets, self.plain)


def of_closure() -> tuple[Callable[..., Any], Callable[[], list[torch.Tensor]]]:
    weight = torch.ones(3)

    def loss(outputs: Any, targets: Any) -> Any:
        return functional.cross_entropy(outputs, targets, weight)

    return loss, lambda: [weight]


def of_default() -> tuple[Callable[..., Any], Callable[[], list[torch.Tensor]]]:
    def loss(outputs: Any, targets: Any, weight: Any = torch.ones(3)) -> Any:  # noqa: B008
        return functional.cross_entropy(outputs, targets, weight)

    return loss, lambda: list(loss.__defaults__ or ())


def of_partial() -> tuple[Callable[..., Any], Callable[[], list[torch.Tensor]]]:
    loss = partial(functional.cross_entropy, weight=torch.ones(3))
    return loss, lambda: [loss.keywords["weight"]]


def of_object() -> tuple[Callable[..., Any], Callable[[], list[torch.Tensor]]]:
    loss = Focal()
    return loss, loss.held


def of_method() -> tuple[Callable[..., Any], Callable[[], list[torch.Tensor]]]:
    focal = Focal()
    return focal.__call__, focal.held


class Criterion:
    """Cannot be called itself; has data that its loss does not read."""

    def __init__(self) -> None:
        self.alpha = torch.ones(3)
        self.scale = [torch.ones(1)]
        self.samples = [torch.ones(4)]

    def loss(self, outputs: Any, targets: Any) -> Any:
        return self.scaled(functional.cross_entropy(outputs, targets, self.alpha))

    def scaled(self, value: Any) -> Any:
        return value * self.scale[0]


def of_method_of_an_object_that_cannot_be_called() -> tuple[Any, Any]:
    criterion = Criterion()
    return criterion.loss, lambda: [criterion.alpha, *criterion.scale]


def of_module() -> tuple[Callable[..., Any], Callable[[], list[torch.Tensor]]]:
    loss = Odd()
    return loss, lambda: [loss.plain]


def of_nested() -> tuple[Callable[..., Any], Callable[[], list[torch.Tensor]]]:
    inner = nn.CrossEntropyLoss(weight=torch.ones(3))
    return lambda outputs, targets: inner(outputs, targets), lambda: [inner.weight]  # type: ignore


KINDS = [
    of_closure,
    of_default,
    of_partial,
    of_object,
    of_method,
    of_method_of_an_object_that_cannot_be_called,
    of_module,
    of_nested,
]


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_kind_of_function_it_is(kind: Callable[[], Any]) -> None:
    loss, held = kind()
    on_meta(loss=loss)
    assert all(tensor.device == META for tensor in held())


def test_what_a_method_does_not_read_of_its_object_stays() -> None:
    criterion = Criterion()
    on_meta(loss=criterion.loss)
    assert criterion.samples[0].device.type == "cpu"


def test_a_global_of_the_users_own_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "GLOBAL_WEIGHT", torch.ones(3))

    def inner(outputs: Any, targets: Any) -> Any:
        return functional.cross_entropy(outputs, targets, GLOBAL_WEIGHT)

    on_meta(loss=lambda outputs, targets: inner(outputs, targets))
    assert GLOBAL_WEIGHT.device == META


def test_closures_that_share_a_variable_share_it_afterwards() -> None:
    weight = torch.ones(3)

    def loss(outputs: Any, targets: Any) -> Any:
        return functional.cross_entropy(outputs, targets, weight)

    def anneal() -> torch.Tensor:
        return weight

    on_meta(loss=loss)
    assert anneal().device == META


def test_a_teacher_in_the_forward_goes_along() -> None:
    teacher = nn.Linear(2, 2)
    on_meta(forward=lambda model, inputs: (model(inputs), teacher(inputs)))
    assert teacher.weight.device == META


def test_the_model_and_what_is_of_it_are_left() -> None:
    weight, whole = torch.ones(2), nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    part, before = whole[0], whole[0].weight

    def loss(outputs: Any, targets: Any) -> Any:
        return outputs.sum() + (part.weight * weight).sum() + whole[1].weight.sum()

    place_held(loss, META, whole)
    assert part.weight is before
    assert weight.device == META


def test_metrics_get_on_the_cpu_what_they_share_with_the_loss() -> None:
    seen = []
    weight = torch.ones(3)

    def metric(outputs: torch.Tensor, targets: torch.Tensor) -> float:
        seen.append((outputs.device.type, weight.device.type))
        return 0.0

    def loss(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return functional.cross_entropy(outputs, targets, weight)

    task = Task(**{**vars(mlp()), "loss": loss, "metrics": {"error": metric}})
    predictions = Predictions(task, META)
    predictions.add(0, torch.ones(2, 3), torch.zeros(2))
    predictions.measure(ProcessGroup(0, 1), None)
    assert seen == [("cpu", "cpu")]
    assert weight.device == META


def test_afterwards_the_forward_has_what_it_shares_with_metrics_where_it_works() -> None:
    scale = torch.ones(3)

    def forward(model: nn.Module, inputs: torch.Tensor) -> Any:
        return model(inputs / scale)

    def metric(outputs: torch.Tensor, targets: torch.Tensor) -> float:
        return float((outputs * scale).sum())

    task = Task(**{**vars(mlp()), "forward": forward, "metrics": {"error": metric}})
    predictions = Predictions(task, META)
    predictions.add(0, torch.ones(2, 3), torch.zeros(2))
    assert predictions.measure(ProcessGroup(0, 1), None) == {"error": 6.0}
    assert scale.device == META
