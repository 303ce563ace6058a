"""What running a few real samples tells of a task: may its batch be cut, does it remember."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.inspect.batch_probe import why_indivisible
from jupyterlab_saturn.training.inspect.graph_probe import changing_graph
from jupyterlab_saturn.training.inspect.reference_step import ReferenceStep
from jupyterlab_saturn.training.inspect.rehearsal import rehearse
from jupyterlab_saturn.training.inspect.state_probe import changed_state
from jupyterlab_saturn.training.inspect.telling_batches import TellingBatch, telling_batches
from jupyterlab_saturn.training.task.samples import Samples
from torch import nn
from torch.nn import functional
from torch.utils.data import Dataset, TensorDataset
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


def test_what_is_trained_is_settled_when_training_begins() -> None:
    model = nn.Sequential(nn.Linear(6, 8), nn.Linear(8, 3))
    model[0].requires_grad_(False)

    def unfreeze(step: int, epoch: int) -> None:
        model[0].requires_grad_(epoch > 0)

    error = refusal(model=model, before_step=unfreeze)
    assert "0.weight" in error.message
    assert not model[0].weight.requires_grad
    assert told(before_step=lambda step, epoch: None) == []
