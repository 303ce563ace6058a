"""How much is tried of a model that is slow, and what is said when that is nothing."""

from __future__ import annotations

import time
from typing import Any

import pytest
import torch
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.training.inspect import demands_probe, own_counts
from jupyterlab_saturn.training.inspect.demands_probe import Probed, probe_demands
from jupyterlab_saturn.training.inspect.shortened_model import shortened
from jupyterlab_saturn.training.task.samples import Samples
from jupyterlab_saturn.training.techniques import MOST_DEMANDS
from torch import nn
from torch.utils.data import TensorDataset
from training_tasks import mlp


class Layers(nn.Module):
    """Adds up its layers; each takes its time."""

    def __init__(self, layers: list[nn.Module], counting: bool = False) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.head = nn.Linear(6, 3)
        self.count = len(layers) if counting else None
        self.forwards = 0

    def forward(self, x: torch.Tensor) -> Any:
        self.forwards += 1
        for place in range(self.count or len(self.layers)):
            x = x + self.layers[place](x)
        return self.head(x)


class Slow(nn.Linear):
    def __init__(self, seconds: float) -> None:
        super().__init__(6, 6)
        self.seconds = seconds

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        time.sleep(self.seconds)
        return super().forward(x)


class Centred(Slow):
    """Looks across the samples of a batch."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x - x.mean(0))


def probed(model: nn.Module, **fields: Any) -> Probed:
    task = mlp(model=model, **fields)
    return probe_demands(task, Samples(task.data, task.collate, 1))


@pytest.fixture(autouse=True)
def seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)
    monkeypatch.setattr(demands_probe, "_SECONDS", 1.0)
    monkeypatch.setattr(demands_probe, "_MOST_SECONDS", 4.0)
    monkeypatch.setattr(own_counts, "_SECONDS", 0.1)


def test_a_quick_model_is_tried_as_it_is() -> None:
    model = Layers([Slow(0), Slow(0), Slow(0)])
    assert probed(model) == Probed()


def test_of_a_slow_model_less_is_tried() -> None:
    assert probed(Layers([Slow(0.02)])) == Probed()


@pytest.mark.parametrize("counting", [False, True])
def test_a_model_of_many_slow_layers_is_tried_with_two(counting: bool) -> None:
    """Unless it needs all of them."""
    found = probed(Layers([Slow(0.02) for _ in range(20)], counting))
    if counting:
        assert found.too_slow == "steps of 4 samples, whole and in parts, take more than 4 s"
        assert set(found.unmet) == MOST_DEMANDS
    else:
        assert found == Probed()


def test_what_layers_do_shows_in_a_shortened_model() -> None:
    found = probed(Layers([Slow(0.02) for _ in range(20)] + [Centred(0.02) for _ in range(3)]))
    assert found.too_slow is None
    assert "its parts together" in found.unmet["divisible-batch"]


def test_a_model_is_as_before_when_it_was_shortened() -> None:
    block = [nn.Linear(4, 4), nn.ReLU()]
    model = nn.Sequential(
        nn.Linear(2, 4),
        nn.Sequential(*block),
        *(nn.Linear(4, 4) for _ in range(9)),
        nn.Linear(4, 1),
    )
    names = list(dict(model.named_modules()))
    with shortened(model) as less:
        assert less
        assert [type(layer).__name__ for layer in model] == [
            "Linear",
            "Sequential",
            *["Linear"] * 3,
        ]
        assert model(torch.ones(3, 2)).shape == (3, 1)
    assert list(dict(model.named_modules())) == names
    with shortened(nn.Linear(1, 1)) as less:
        assert not less


class SoonTired(nn.Linear):
    """Runs a few times."""

    def __init__(self) -> None:
        super().__init__(6, 3)
        self.forwards = 3

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.forwards -= 1
        if self.forwards < 0:
            raise RuntimeError("no more of this")
        return super().forward(x)


def test_what_cannot_be_tried_to_the_end_meets_no_demand() -> None:
    found = probed(SoonTired())
    assert set(found.unmet) == MOST_DEMANDS
    assert all("no more of this" in reason for reason in found.unmet.values())


class Noisy(nn.Module):
    """Adds noise in the forward of training, from a generator of its own or the global one."""

    def __init__(self, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.net = nn.Linear(6, 3)
        self.generator = generator

    def forward(self, x: torch.Tensor) -> Any:
        if not self.training:
            return self.net(x)
        return self.net(x + torch.randn(x.shape, generator=self.generator))


@pytest.mark.parametrize("model", [Noisy(), nn.Sequential(nn.Dropout(0.1), nn.Linear(6, 3))])
def test_what_draws_in_the_forward_is_found(model: nn.Module) -> None:
    """However it does, and also when a library has it in evaluation at first."""
    assert probed(model.eval()).draws
    assert not probed(nn.Sequential(nn.Dropout(0.0), nn.Linear(6, 3))).draws


def test_a_generator_of_the_models_own_is_refused() -> None:
    with pytest.raises(SaturnError, match="from a generator of its own") as caught:
        probed(Noisy(torch.Generator()))
    assert caught.value.code == "hidden-state"


def test_a_last_batch_too_small_to_train_on_is_refused() -> None:
    """Else the first epoch would fail at its end."""
    model = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Linear(8, 3))
    data = TensorDataset(torch.randn(9, 6), torch.arange(9) % 3)
    with pytest.raises(SaturnError, match="last batch of an epoch has 1 sample,") as caught:
        probed(model, data=data, batch_size=4, drop_last=False)
    assert "drop_last=True" in str(caught.value.hint)
    assert probed(model, data=data, batch_size=4, drop_last=True).unmet == {}
    assert probed(model, data=data, batch_size=3, drop_last=False).unmet == {}
