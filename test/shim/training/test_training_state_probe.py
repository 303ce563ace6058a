"""What a forward leaves behind and what takes part in a loss, told by running real samples."""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.inspect import graph_probe
from jupyterlab_saturn.training.inspect.graph_probe import changing_graph
from jupyterlab_saturn.training.inspect.reference_step import ReferenceStep
from jupyterlab_saturn.training.inspect.state_probe import changed_state
from jupyterlab_saturn.training.inspect.telling_batches import TellingBatch, telling_batches
from jupyterlab_saturn.training.task.samples import Samples
from torch import nn
from torch.nn import functional
from training_tasks import mlp

WEIGHTS = torch.tensor([1.0, 9.0, 2.0])


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


def some(task: Task) -> tuple[Samples, ReferenceStep, list[TellingBatch]]:
    samples = Samples(task.data, task.collate, 1)
    return samples, ReferenceStep(task), telling_batches(task, samples, 16)


def graph(**fields: Any) -> dict[str, str]:
    task = mlp(**fields)
    samples, step, batches = some(task)
    found = changing_graph(task, samples, step, [batch.indices for batch in batches])
    return dict(found)  # type: ignore[arg-type]


def test_experts_that_some_samples_go_to_differ_from_device_to_device() -> None:
    class Experts(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.experts = nn.ModuleList(nn.Linear(6, 3) for _ in range(3))

        def forward(self, x: torch.Tensor) -> Any:
            chosen = x[:, :3].argmax(1)
            out = x[:, :3] * 0.0
            for number, expert in enumerate(self.experts):
                if (chosen == number).any():
                    out = out + expert(x) * (chosen == number).float()[:, None]
            return out

    found = graph(model=Experts())
    assert set(found) == {"every-gradient", "constant-graph"}
    assert "experts." in found["constant-graph"]


def test_gradients_of_the_loss_itself_are_noticed() -> None:
    def penalised(outputs: Any, targets: Any) -> Any:
        out, inputs = outputs
        (gradient,) = torch.autograd.grad(out.sum(), inputs, create_graph=True)
        return functional.cross_entropy(out, targets) + gradient.square().mean()

    def forward(model: Any, inputs: torch.Tensor) -> Any:
        inputs = inputs.clone().requires_grad_()
        return model(inputs), inputs

    assert set(graph(loss=penalised, forward=forward)) == {"one-backward"}
    assert graph() == {}


def state(model: nn.Module, **fields: Any) -> dict[str, str]:
    task = mlp(model=model, **fields)
    before = copy.deepcopy(model.state_dict())
    samples, step, batches = some(task)
    found = dict(changed_state(task, samples, step, [batch.indices for batch in batches]))
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name
    return found  # type: ignore[return-value]


class Teacher(nn.Module):
    def __init__(self, write: Callable[[Any, Any], Any]) -> None:
        super().__init__()
        self.net = nn.Linear(6, 3)
        self.teacher = copy.deepcopy(self.net).requires_grad_(False)
        with torch.no_grad():
            self.teacher.weight.add_(1.0)
        self.write = write

    def forward(self, x: torch.Tensor) -> Any:
        if self.training:
            with torch.no_grad():
                for a, b in zip(self.teacher.parameters(), self.net.parameters(), strict=True):
                    self.write(a, b)
        return self.net(x) - self.teacher(x)


def blend(a: Any, b: Any) -> None:
    a.mul_(0.9).add_(b, alpha=0.1)


def replace_data(a: Any, b: Any) -> None:
    a.data = a.data * 0.9 + b.data * 0.1


class Codebook(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Linear(6, 3)
        self.register_buffer("seen", torch.zeros(3))

    def forward(self, x: torch.Tensor) -> Any:
        out = self.net(x)
        self.seen = self.seen * 0.9 + out.detach().mean(0) * 0.1
        return out + self.seen


class Memory(nn.Module):
    """Starts where the last batch ended."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(6, 3)
        self.hidden = torch.zeros(1, 3)

    def forward(self, x: torch.Tensor) -> Any:
        out, hidden = self.rnn(x, self.hidden)
        self.hidden = hidden.detach()
        return out


class Counter(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Linear(6, 3)
        self.calls = 0

    def forward(self, x: torch.Tensor) -> Any:
        self.calls += 1
        return self.net(x) * min(1.0, self.calls / 100)


class Clamped(nn.Module):
    """Keeps its weight small, which it may be already."""

    def __init__(self, limit: float) -> None:
        super().__init__()
        self.net = nn.Linear(6, 3)
        self.limit = limit

    def forward(self, x: torch.Tensor) -> Any:
        with torch.no_grad():
            self.net.weight.clamp_(-self.limit, self.limit)
        return self.net(x)


class Cache(nn.Module):
    """Remembers what does not matter."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Linear(6, 3)
        self.last: Any = None

    def forward(self, x: torch.Tensor) -> Any:
        self.last = self.net(x)
        return self.last


def test_plain_models_and_batch_norm_change_nothing() -> None:
    assert state(nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4), nn.Linear(4, 3))) == {}
    assert state(Cache()) == {}


@pytest.mark.parametrize("write", [blend, replace_data])
def test_a_momentum_encoder_changes_alike_on_each_device(write: Any) -> None:
    assert set(state(Teacher(write))) == {"constant-state"}
    assert set(state(Teacher(write), micro_batches=2)) == {"constant-state", "equal-state"}


def test_buffers_of_the_samples_differ_from_device_to_device() -> None:
    found = state(Codebook())
    assert set(found) == {"constant-state", "equal-state"}
    assert "seen" in found["equal-state"]


def test_trained_weights_that_the_forward_writes_are_noticed() -> None:
    assert set(state(Clamped(0.1))) == {"constant-state"}
    assert set(state(Clamped(100.0))) == {"constant-state", "equal-state"}


@pytest.mark.parametrize(("model", "name"), [(Memory, "hidden"), (Counter, "calls")])
def test_what_no_checkpoint_holds_is_refused_by_its_name(model: Any, name: str) -> None:
    with pytest.raises(SaturnError, match=f"the model's {name}") as caught:
        state(model())
    assert caught.value.code == "hidden-state"


class Late(nn.Module):
    """Something begins after a hundred calls, or ends, long after anybody looks."""

    def __init__(self, matters: Callable[[int], float]) -> None:
        super().__init__()
        self.net = nn.Linear(6, 3)
        self.calls = 0
        self.matters = matters

    def forward(self, x: torch.Tensor) -> Any:
        self.calls += 1
        return self.net(x) * self.matters(self.calls)


class Reversed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, by: float) -> torch.Tensor:
        ctx.by = by
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        return -ctx.by * gradients[0], None


class Adversary(nn.Module):
    """Only its gradient shows which step it is."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Linear(6, 3)
        self.step = 0

    def forward(self, x: torch.Tensor) -> Any:
        self.step += 1
        return Reversed.apply(self.net(x), self.step / 1000)


class CountingLoss(nn.CrossEntropyLoss):
    calls = 0

    def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return super().forward(input, target) * (2.0 if self.calls > 5000 else 1.0)


def counting_closure() -> Callable[..., Any]:
    counts = {"step": 0}

    def loss(outputs: Any, targets: Any) -> Any:
        counts["step"] += 1
        return functional.cross_entropy(outputs, targets) * (1 + (counts["step"] % 50 == 0))

    return loss


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("the model's calls", {"model": Late(lambda calls: 1.0 if calls < 100 else 0.5)}),
        ("the model's calls", {"model": Late(lambda calls: 0.5 if calls % 100 == 0 else 1.0)}),
        ("the model's calls", {"model": Late(([1.0] * 100).__getitem__)}),
        ("the model's step", {"model": Adversary()}),
        ("the loss's calls", {"loss": CountingLoss()}),
        (r"counts\['step'\]", {"loss": counting_closure()}),
    ],
)
def test_a_count_that_matters_late_is_refused_by_its_name(name: str, fields: Any) -> None:
    with pytest.raises(SaturnError, match=name) as caught:
        state(**{"model": nn.Linear(6, 3), **fields})
    assert caught.value.code == "hidden-state"


def test_a_count_that_is_only_told_is_nobodys_business() -> None:
    told: list[int] = []

    def tell(calls: int) -> float:
        if calls % 10 == 0:
            told.append(calls)
        return 1.0

    model = Late(tell)
    assert state(model) == {}
    assert told
    assert model.calls < 100, "what was tried is taken back"


def test_a_number_that_stands_for_none_is_no_count() -> None:
    model = nn.Linear(6, 3)
    model.best = math.nan

    def loss(outputs: Any, targets: Any) -> Any:
        filled = torch.nan_to_num(torch.full((2,), model.best), 0.5)
        return functional.cross_entropy(outputs, targets) + filled.sum()

    assert state(model, loss=loss) == {}


def test_figures_that_are_only_told_may_be_what_no_function_takes() -> None:
    """A mean, a ratio, a perplexity: all are made of counts, which are never all the same."""
    figures = {"sum": 0.0, "seen": 0, "right": 1}

    def loss(outputs: Any, targets: Any) -> Any:
        found = functional.cross_entropy(outputs, targets)
        figures["sum"] += found.item()
        figures["seen"] += len(targets)
        figures["right"] += 1
        figures["perplexity"] = math.exp(figures["sum"] / 100)
        figures["ratio"] = 1 / (figures["seen"] - figures["right"])
        return found

    assert state(nn.Linear(6, 3), loss=loss) == {}


class Skipping(nn.Module):
    """Leaves a layer out by chance, by what it draws from where."""

    def __init__(self, draw: Callable[[], Any]) -> None:
        super().__init__()
        self.first = nn.Linear(6, 6)
        self.second = nn.Linear(6, 3)
        self.draw = draw

    def forward(self, x: torch.Tensor) -> Any:
        return self.second(x if self.draw() < 0.3 else self.first(x))


@pytest.mark.parametrize("draw", [random.random, np.random.rand, lambda: torch.rand(())])
def test_layers_that_are_left_out_by_chance_differ_from_device_to_device(draw: Any) -> None:
    found = graph(model=Skipping(draw))
    assert "first" in found["constant-graph"]
    assert found["constant-graph"].endswith("depends on chance")
    assert "every-gradient" in found


def test_a_slow_model_is_tried_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[float] = []

    def draw() -> float:
        drawn.append(random.random())
        return drawn[-1]

    graph(model=Skipping(draw))
    often = len(drawn)
    drawn.clear()
    monkeypatch.setattr(graph_probe, "_CHANCE_SECONDS", 0.0)
    graph(model=Skipping(draw))
    assert len(drawn) == often - graph_probe._CHANCES + 1


def test_dropout_leaves_no_layer_out() -> None:
    assert graph(model=nn.Sequential(nn.Linear(6, 6), nn.Dropout(0.5), nn.Linear(6, 3))) == {}
