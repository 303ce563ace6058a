"""Which tasks run at equal speed: those whose step reads the same."""

from __future__ import annotations

import dataclasses
import functools
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.model.performance_signature import signature
from nightly import nightly
from torch import nn
from training_tasks import mlp

PAUSE = 0.0


def with_pause(value: float) -> Callable[[], None]:
    def pause() -> None:
        assert value >= 0

    return pause


@dataclasses.dataclass
class Config:
    width: int = 3
    pause: float = 0.0
    rate: float = 0.1


class Net(nn.Module):
    """Reads what it is given in one of many ways."""

    def __init__(self, **given: Any) -> None:
        super().__init__()
        self.linear = nn.Linear(6, 3)
        self.__dict__.update(given)

    def forward(self, x: Any) -> Any:
        return self.linear(x) + self.pause_of()

    def pause_of(self) -> float:
        if hasattr(self, "act"):
            self.act()
        if hasattr(self, "config"):
            return float(self.config.pause)
        if hasattr(self, "settings"):
            return float(self.settings["pause"])
        return float(getattr(self, "pause", 0.0) + getattr(self, "_hidden", 0.0))

    def configure_optimizers(self) -> Any:
        return self.rate, self.config.rate, self.settings["rate"]


def name(model: nn.Module | None = None, **task: Any) -> str:
    base = {"loss": nn.CrossEntropyLoss(), "optimizer": torch.optim.SGD, "batch_size": 4}
    made = Task(**{"model": model or Net(), "data": mlp().data, **base, **task})
    return signature(made, [torch.zeros(1, 6), torch.zeros(1)])


def closing(value: Any) -> nn.Module:
    class Closing(Net):
        def forward(self, x: Any) -> Any:
            return super().forward(x) + value

    return Closing()


def helped(value: Any) -> nn.Module:
    def helper(x: Any) -> Any:
        return x + value

    class Helped(Net):
        def forward(self, x: Any) -> Any:
            return helper(super().forward(x))

    return Helped()


def defaulted(value: Any) -> nn.Module:
    class Defaulted(Net):
        def forward(self, x: Any, pause: Any = value) -> Any:
            return super().forward(x) + pause

    return Defaulted()


@pytest.mark.parametrize(
    "make",
    [
        closing,
        helped,
        defaulted,
        lambda value: Net(pause=value),
        lambda value: Net(_hidden=value),
        lambda value: Net(config=Config(pause=value)),
        lambda value: Net(settings={"pause": value}),
        lambda value: Net(act=with_pause(value)),
        lambda value: Net(act=functools.partial(with_pause, value)),
        lambda value: nn.Sequential(nn.Upsample(scale_factor=1 + value), nn.Linear(6, 3)),
        lambda value: nn.Sequential(Net(pause=value)),
    ],
)
def test_a_value_that_the_model_reads_tells_apart(make: Callable[[float], nn.Module]) -> None:
    assert name(make(0.02)) == name(make(0.02)) != name(make(0.06))


def test_a_global_that_the_model_reads_tells_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    class Reading(Net):
        def forward(self, x: Any) -> Any:
            return super().forward(x) + PAUSE

    before = name(Reading())
    monkeypatch.setattr(sys.modules[__name__], "PAUSE", 1.0)
    assert name(Reading()) != before


def test_what_the_forward_of_a_task_reads_tells_apart() -> None:
    def forward(pause: float) -> Any:
        return lambda model, inputs: model(inputs) + pause

    assert name(forward=forward(0.1)) == name(forward=forward(0.1)) != name(forward=forward(0.2))
    partial = [functools.partial(lambda m, x, pause: m(x), pause=p) for p in (0.1, 0.2)]
    assert name(forward=partial[0]) != name(forward=partial[1])


def test_what_a_loss_counts_tells_apart() -> None:
    def loss(repeats: int) -> Any:
        return lambda outputs, targets: sum(outputs.sum() for _ in range(repeats))

    assert name(loss=loss(1)) == name(loss=loss(1)) != name(loss=loss(2))


def lively(p: float) -> nn.Module:
    return nn.Sequential(
        nn.Linear(6, 3), nn.Dropout(p), nn.LeakyReLU(p), nn.LayerNorm(3, eps=p), nn.BatchNorm1d(3)
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda rate: {"optimizer": functools.partial(torch.optim.AdamW, lr=rate)},
        lambda rate: {"optimizer": lambda ps: torch.optim.AdamW(ps, lr=rate, weight_decay=rate)},
        lambda rate: {
            "schedule": lambda optimizer, steps: torch.optim.lr_scheduler.OneCycleLR(
                optimizer, rate, total_steps=steps, pct_start=rate
            )
        },
        lambda rate: {"loss": nn.CrossEntropyLoss(label_smoothing=rate)},
        lambda rate: {"loss": functools.partial(nn.functional.cross_entropy, label_smoothing=rate)},
        lambda rate: {"loss": lambda o, t: nn.functional.cross_entropy(o, t, label_smoothing=rate)},
        lambda rate: {"metrics": {"a": lambda o, t: rate}},
        lambda rate: {"before_step": lambda step, epoch: rate},
        lambda rate: {"validate_every": int(100 * rate)},
        lambda rate: {"epochs": rate, "clip_norm": rate},
        lambda rate: {"model": Net(rate=rate)},
        lambda rate: {"model": Net(config=Config(rate=rate))},
        lambda rate: {"model": Net(settings={"pause": 0.0, "rate": rate})},
        lambda rate: {"model": lively(rate)},
    ],
)
def test_a_rate_does_not(make: Callable[[float], dict[str, Any]]) -> None:
    assert name(**make(0.1)) == name(**make(0.2))


def test_a_costless_name_costs_in_a_module_of_ones_own() -> None:
    class Dropout(nn.Module):
        def __init__(self, p: float) -> None:
            super().__init__()
            self.p = p
            self.linear = nn.Linear(6, 3)

        def forward(self, x: Any) -> Any:
            return self.linear(x) * self.p

    assert name(Dropout(0.1)) != name(Dropout(0.2))


@pytest.mark.parametrize("mine", [torch.tanh, lambda x, inplace=False: x])
def test_what_stands_in_pytorch_tells_apart(mine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before = name(nn.ReLU())
    monkeypatch.setattr(nn.functional, "relu", mine)
    assert name(nn.ReLU()) != before
    monkeypatch.undo()
    assert name(nn.ReLU()) == before


@nightly
def test_what_libraries_have_put_there_does_not() -> None:
    code = """
import jupyterlab_saturn.training.model.monkeypatch as monkeypatch
import pytorch_lightning, torch._dynamo, torch.distributed.fsdp, transformers

assert list(monkeypatch.monkeypatches()) == []
"""
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr


def test_a_model_that_holds_itself_is_described() -> None:
    class Loop(Net):
        def forward(self, x: Any) -> Any:
            return super().forward(x) + len(self.parts)

    model = Loop()
    model.__dict__["parts"] = [model]
    assert name(model) == name(model)


@nightly
def test_it_is_the_same_in_every_process() -> None:
    code = """if 1:
        import torch
        from jupyterlab_saturn.task import Task
        from jupyterlab_saturn.training.model.performance_signature import signature
        words = {"a", "b", "c", "d"}
        class Net(torch.nn.Linear):
            def forward(self, x):
                assert "a" in {"a", "b", "c", "d"} and "b" in words
                return super().forward(x)
        data = torch.utils.data.TensorDataset(torch.zeros(4, 6), torch.zeros(4))
        task = Task(
            model=Net(6, 3),
            data=data,
            loss=lambda o, t: o.sum(),
            optimizer=torch.optim.SGD,
            batch_size=4,
        )
        print(signature(task, [torch.zeros(1, 6), torch.zeros(1)]))
    """
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1
