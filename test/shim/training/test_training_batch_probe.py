"""Whether a batch may be cut, told by running a few real samples of it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.inspect.batch_probe import why_indivisible
from jupyterlab_saturn.training.inspect.reference_step import ReferenceStep
from jupyterlab_saturn.training.inspect.telling_batches import TellingBatch, telling_batches
from jupyterlab_saturn.training.task.samples import Samples
from torch import nn
from torch.nn import functional
from torch.utils.data import TensorDataset
from training_tasks import mlp

WEIGHTS = torch.tensor([1.0, 9.0, 2.0])


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


def some(task: Task) -> tuple[Samples, ReferenceStep, list[TellingBatch]]:
    samples = Samples(task.data, task.collate, 1)
    return samples, ReferenceStep(task), telling_batches(task, samples, 16)


def why(**fields: Any) -> str | None:
    task = mlp(**fields)
    return why_indivisible(task, *some(task))


def tokens(**fields: Any) -> Task:
    """Classes of the tokens of sequences, of which some are padding."""
    labels = torch.randint(0, 3, (24, 5))
    for row, length in enumerate(torch.randint(0, 5, (24,)).tolist()):
        labels[row, length:] = -100
    data = TensorDataset(torch.randn(24, 5, 6), labels)
    return mlp(data=data, eval_data=None, metrics={}, **fields)


def flat_loss(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(outputs.flatten(0, 1), targets.flatten())


def contrastive(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(outputs @ outputs.T, torch.arange(len(outputs)))


def clamped(gradient: torch.Tensor) -> torch.Tensor:
    return gradient.clamp(-0.01, 0.01)


class Normal(nn.Module):
    """Takes the mean of the batch away."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Linear(6, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.net(x)
        return out - out.mean(0)


@pytest.mark.parametrize(
    "loss",
    [
        nn.CrossEntropyLoss(),
        nn.CrossEntropyLoss(weight=WEIGHTS),
        nn.CrossEntropyLoss(weight=WEIGHTS, label_smoothing=0.1),
        nn.CrossEntropyLoss(ignore_index=1),
        lambda outputs, targets: 3 * functional.cross_entropy(outputs, targets, weight=WEIGHTS),
        lambda outputs, targets: functional.nll_loss(
            outputs.log_softmax(1), targets, weight=WEIGHTS
        ),
        lambda outputs, targets: (
            outputs.square().mean() + functional.cross_entropy(outputs, targets)
        ),
    ],
)
def test_losses_that_are_cut_right(loss: Any) -> None:
    assert why(loss=loss) is None


@pytest.mark.parametrize(
    "loss",
    [
        contrastive,
        lambda outputs, targets: functional.cross_entropy(outputs, targets, reduction="sum"),
        lambda outputs, targets: functional.cross_entropy(outputs, targets) ** 2,
        lambda outputs, targets: (outputs[:, 0] * WEIGHTS[targets]).sum() / WEIGHTS[targets].sum(),
        lambda outputs, targets: (
            functional.cross_entropy(outputs, targets, weight=WEIGHTS) + outputs.square().mean()
        ),
        lambda outputs, targets: outputs.square().mean() ** 0.5,
    ],
)
def test_losses_that_want_the_whole_batch(loss: Any) -> None:
    assert "its parts together" in str(why(loss=loss))


@pytest.mark.parametrize(
    "loss",
    [
        # Neighbours that belong together, and terms too small to show in single precision.
        lambda outputs, targets: (
            (outputs[0::2] - outputs[1::2][: len(outputs[0::2])]).square().mean()
        ),
        lambda outputs, targets: (
            functional.cross_entropy(outputs, targets) - 0.01 * outputs.var(0).mean()
        ),
        lambda outputs, targets: (
            functional.cross_entropy(outputs, targets, weight=WEIGHTS)
            + 1e-5 * outputs.square().sum()
        ),
    ],
)
def test_neighbours_and_small_terms_are_noticed(loss: Any) -> None:
    assert why(loss=loss) is not None


def masked(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    known = (targets != -100).float()
    each = functional.cross_entropy(
        outputs.flatten(0, 1), targets.clamp(min=0).flatten(), reduction="none"
    )
    return (each * known.flatten()).sum() / known.sum()


def composed(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return flat_loss(outputs, targets) + 0.1 * outputs.square().mean()


@pytest.mark.parametrize("loss", [masked, composed])
@pytest.mark.parametrize("order", [None, lambda epoch: [range(n, n + 8) for n in range(0, 400, 8)]])
def test_rare_padding_is_looked_for(loss: Any, order: Any) -> None:
    labels = torch.randint(0, 3, (400, 5))
    assert why_of(labels, loss, order) is None
    labels[77, 3:] = -100
    assert "its parts together" in str(why_of(labels, loss, order))


def why_of(labels: torch.Tensor, loss: Any, order: Any) -> str | None:
    data = TensorDataset(torch.randn(400, 5, 6), labels)
    return why(loss=loss, data=data, order=order, eval_data=None, metrics={})


def test_models_that_want_several_samples_are_cut_into_several() -> None:
    class Squeezing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Linear(6, 3)

        def forward(self, x: torch.Tensor) -> Any:
            out = self.net(x).unsqueeze(0).squeeze()
            if out.dim() == 1:
                raise RuntimeError("the batch is gone")
            return out

    assert why(model=Squeezing()) is None


@pytest.mark.parametrize(("hook", "divides"), [(lambda g: g * 2, True), (clamped, False)])
def test_hooks_on_gradients_see_those_of_parts(hook: Any, divides: bool) -> None:
    model = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))
    model[0].weight.register_hook(hook)
    assert (why(model=model) is None) is divides


def test_what_forwards_change_is_no_difference_of_parts() -> None:
    model = nn.Sequential(nn.utils.spectral_norm(nn.Linear(6, 8)), nn.Linear(8, 3))
    assert why(model=model) is None


def test_padding_is_counted() -> None:
    task = tokens(loss=flat_loss)
    assert why_indivisible(task, *some(task)) is None


def test_models_that_look_across_samples_want_the_whole_batch() -> None:
    assert "its parts together" in str(why(model=Normal()))


@pytest.mark.parametrize(
    "model",
    [
        nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Linear(8, 3)),
        nn.Sequential(nn.Linear(6, 8), nn.Dropout(0.5), nn.Linear(8, 3)),
    ],
)
def test_batch_norm_and_dropout_do_not_keep_a_batch_whole(model: nn.Module) -> None:
    assert why(model=model) is None


def test_noise_drawn_in_the_forward_is_not_taken_for_a_difference() -> None:
    class Noisy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Linear(6, 3)

        def forward(self, x: torch.Tensor) -> Any:
            scale = torch.rand(len(x), 1) + torch.bernoulli(torch.full((len(x), 1), 0.3))
            return self.net(x * scale + 0.1 * torch.randn_like(x))

    assert why(model=Noisy()) is None


@pytest.mark.parametrize("seed", [35, 119, 199, 239])
def test_rounding_is_no_difference(seed: int) -> None:
    """Also where the gradients of parts are large and cancel each other."""
    torch.manual_seed(seed)
    inputs = torch.randn(64, 4)
    data = TensorDataset(inputs, (inputs.sum(1) > 0).long())
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
    fields: dict[str, Any] = {"eval_data": None, "metrics": {}, "batch_size": 16}
    assert why(model=model, data=data, loss=nn.CrossEntropyLoss(), **fields) is None
