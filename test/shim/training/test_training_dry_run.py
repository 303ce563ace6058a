"""What cannot work is found before anything runs, and said in a sentence."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import torch
from jupyterlab_saturn.errors import Json, SaturnError
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.components.seeding import global_state
from jupyterlab_saturn.training.inspect.dry_run import dry_run
from jupyterlab_saturn.training.inspect.repeatable_data import require_repeatable_data
from jupyterlab_saturn.training.task.samples import Samples
from jupyterlab_saturn.training.task.task_validation import (
    require_repeatable,
    require_valid,
    warnings,
    why_not_split,
)
from jupyterlab_saturn.training.techniques import TECHNIQUES
from ranks import Session
from torch import nn
from torch.utils.data import Dataset
from training_tasks import mlp


def samples(task: Task) -> Samples:
    return Samples(task.data, task.collate, seed=1)


def refusal(task: Task, kind: Any = "cpu") -> SaturnError:
    """What a dry run of the task raises."""
    with pytest.raises(SaturnError) as caught:
        dry_run(task, samples(task), kind)
    return caught.value


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"micro_batches": 3}, "A batch of 8 cannot be cut into 3 equal micro_batches."),
        ({"micro_batches": 0}, "A batch of 8 cannot be cut into 0 equal micro_batches."),
        ({"clip_norm": 0.0}, "The clip_norm is 0.0"),
        ({"precision": "float8"}, "There is no precision 'float8'."),
        ({"validate_every": 0}, "The validate_every is 0"),
        ({"stop_early": lambda history: True}, "The rule stop_early looks at evaluations"),
        ({"keep_best": True}, "The best model is to be kept"),
        (
            {"stop_early": lambda history: True, "validate_every": 2, "eval_data": None},
            "The rule stop_early looks at evaluations",
        ),
        ({"workers": -1}, "The workers are -1"),
        ({"forward": "model"}, "The forward is a str, not a function."),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(change: Any, message: str) -> None:
    with pytest.raises(SaturnError) as caught:
        require_valid(mlp(**change))
    assert caught.value.code == "bad-task"
    assert message in caught.value.message
    assert caught.value.hint


def test_settings_that_can_be_meant_are_not() -> None:
    require_valid(
        mlp(
            micro_batches=4,
            clip_norm=1,
            precision="bfloat16",
            validate_every=2,
            stop_early=lambda history: True,
            workers=2,
        )
    )


def test_inputs_that_the_model_cannot_take_are_refused_with_the_users_frames() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(7, 3)

        def forward(self, x: Any) -> Any:
            return self.linear(x)

    error = refusal(mlp(model=Net()))
    assert error.code == "forward-failed"
    assert "mat1 and mat2 shapes cannot be multiplied (8x6 and 7x3)" in error.message
    assert "[8, 6]" in str(error.hint)
    assert "in forward" in str(error.traceback).splitlines()[1]


@pytest.mark.parametrize(
    ("loss", "kind"),
    [
        (partial(nn.functional.cross_entropy, reduction="none"), "a tensor of shape (8,)"),
        (lambda outputs, targets: outputs.sum().item(), "a float"),
        (lambda outputs, targets: None, "a NoneType"),
    ],
)
def test_a_loss_that_is_no_number_is_refused(loss: Any, kind: str) -> None:
    error = refusal(mlp(loss=loss, batch_size=8))
    assert error.code == "bad-loss"
    assert "not one number but" in error.message


def test_samples_that_make_no_batch_are_refused() -> None:
    class Ragged(Dataset[Any]):
        def __len__(self) -> int:
            return 44

        def __getitem__(self, index: int) -> Any:
            return torch.zeros(index + 1), 0

    error = refusal(mlp(data=Ragged()))
    assert error.code == "data-failed"
    assert "8 samples cannot be made a batch" in error.message
    assert "collate" in str(error.hint)


def test_a_batch_that_is_no_pair_is_refused() -> None:
    assert refusal(mlp(collate=lambda found: torch.zeros(2))).code == "bad-batch"


def by_value(model: nn.Module, x: torch.Tensor) -> Any:
    outputs = model(x)
    return outputs if outputs.sum() > 0 else -outputs


def only_with_numbers(model: nn.Module, x: torch.Tensor) -> Any:
    assert type(x) is torch.Tensor, "a fake"
    return model(x)


@pytest.mark.parametrize("forward", [by_value, only_with_numbers])
def test_what_cannot_be_tried_dry_is_not_refused(forward: Any) -> None:
    task = mlp(forward=forward)
    assert dry_run(task, samples(task), "cpu") is None


def test_a_dry_run_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(model: nn.Module, x: torch.Tensor) -> Any:
        while True:
            x = x + model(x).sum()

    monkeypatch.setattr("jupyterlab_saturn.training.inspect.dry_run._SECONDS", 0.5)
    task = mlp(forward=endless)
    assert dry_run(task, samples(task), "cpu") is None


def test_what_fails_on_the_cpu_is_tried_on_a_gpu() -> None:
    def on_gpu(model: nn.Module, x: torch.Tensor) -> Any:
        raise RuntimeError("the tensors are on the CPU")

    task = mlp(forward=on_gpu)
    for kind in ("cpu", "cuda"):
        with pytest.raises(SaturnError, match="on the CPU") as caught:
            dry_run(task, samples(task), kind)
        assert caught.value.code == "forward-failed"


def test_a_dry_run_changes_nothing() -> None:
    model = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 3))
    task = mlp(model=model)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    random = global_state()
    assert dry_run(task, samples(task), "cuda") is not None
    assert global_state() == random
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())
    after = model.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_what_a_model_remembers_of_a_dry_run_is_forgotten() -> None:
    class Remembering(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(6, 3)
            self.tables: dict[int, torch.Tensor] = {}

        def forward(self, x: torch.Tensor) -> Any:
            self.seen = x
            self.tables.setdefault(len(x), torch.ones(6))
            return self.layer(x * self.tables[len(x)])

    model = Remembering()
    task = mlp(model=model)
    assert dry_run(task, samples(task), "cpu") is not None
    assert not hasattr(model, "seen")
    assert model.tables == {}


def test_parameters_without_a_gradient_are_named() -> None:
    class Partial(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.unused = nn.LSTM(6, 3), nn.Linear(6, 3)
            self.frozen = nn.Linear(6, 3).requires_grad_(False)

        def forward(self, x: Any) -> Any:
            return self.used(x)[0]

    task = mlp(model=Partial())
    found = dry_run(task, samples(task), "cpu")
    assert found is not None
    assert found.idle == ("unused.weight", "unused.bias")


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def inspect(session: Session, spec: Json) -> Json:
    group = session.inspect([spec], 2)
    assert group.wait() == [0], group.log
    result: Json = group.events[0]["result"]
    return result


def test_only_those_that_wait_for_every_gradient_refuse_idle_parameters(session: Session) -> None:
    def idle() -> Any:
        task = mlp()
        task.model.register_module("idle", nn.Identity())
        task.model.idle.register_parameter("weight", nn.Parameter(torch.zeros(3)))
        return task

    verdicts = inspect(session, session.spec(idle))["inspection"]["feasibility"]
    reasons = {
        (one["strategy"]["technique"], one["strategy"]["devices"]): one.get("reason")
        for one in verdicts
    }
    assert "the loss does not depend on idle.weight" in reasons["ddp", 2]
    assert reasons["single", 1] is reasons["fsdp", 2] is None


def test_an_optimizer_that_evaluates_the_loss_itself_is_refused(session: Session) -> None:
    def second_order() -> Any:
        return mlp(optimizer=torch.optim.LBFGS)

    error = inspect(session, session.spec(second_order))["error"]
    assert error["code"] == "bad-task"
    assert "LBFGS evaluates the loss several times a step" in error["message"]


def test_an_optimizer_of_whole_matrices_is_not_sharded() -> None:
    task = mlp(optimizer=torch.optim.Adafactor)
    assert "Adafactor is not known to work on each number" in str(why_not_split(task))
    assert TECHNIQUES["fsdp"].feasible(task, 2, "cpu") == why_not_split(task)
    assert TECHNIQUES["ddp"].feasible(task, 2, "cpu") is None
    assert why_not_split(mlp()) is None


def warned(task: Task) -> list[str]:
    return [text.split(",")[0] for text in warnings(task, samples(task))]


FLIPPING = random.Random(0)


def remembered(known: dict[int, torch.Tensor], place: int) -> torch.Tensor:
    if place not in known:
        known[place] = torch.randn(6)
    return known[place]


class Noisy(Dataset[Any]):
    """Draws from a generator of its own, or from the global ones."""

    def __init__(self, generator: torch.Generator | None) -> None:
        self.generator = generator

    def __len__(self) -> int:
        return 44

    def __getitem__(self, index: int) -> Any:
        return torch.randn(6, generator=self.generator), 0


def test_data_that_no_seed_reaches_are_refused() -> None:
    require_repeatable(samples(mlp(data=Noisy(None))), range(8))
    with pytest.raises(SaturnError, match="looks different each time") as caught:
        require_repeatable(samples(mlp(data=Noisy(torch.Generator()))), range(8))
    assert caught.value.code == "unseeded-data"


@pytest.mark.parametrize(
    ("load", "words"),
    [
        (remembered, "first loaded"),
        (lambda known, place: torch.ones(6) * (FLIPPING.random() < 0.2), "looks different"),
    ],
)
def test_data_that_remember_or_seldom_draw_are_refused(load: Any, words: str) -> None:
    class Data(Dataset[Any]):
        def __init__(self) -> None:
            self.known: dict[int, torch.Tensor] = {}

        def __len__(self) -> int:
            return 60

        def __getitem__(self, index: int) -> Any:
            return load(self.known, index), 0

    with pytest.raises(SaturnError, match=words) as caught:
        require_repeatable(samples(mlp(data=Data())), range(8))
    assert caught.value.code == "unseeded-data"


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (nn.Sequential(nn.Linear(6, 3), nn.SyncBatchNorm(3)), "SyncBatchNorm asks other devices"),
    ],
)
def test_layers_that_do_what_is_done_here_are_left_out(model: nn.Module, reason: str) -> None:
    assert reason in str(TECHNIQUES["ddp"].feasible(mlp(model=model), 2, "cpu"))


def test_sparse_gradients_are_not_sharded() -> None:
    model = nn.Sequential(nn.EmbeddingBag(9, 6, sparse=True, mode="sum"), nn.Linear(6, 3))
    assert "the gradient of 0 is sparse" in str(why_not_split(mlp(model=model)))


def test_batches_of_several_shapes_are_warned_of() -> None:
    def pad(found: list[Any]) -> Any:
        return torch.zeros(len(found), int(found[-1][0][0])), torch.zeros(len(found))

    rows = [(torch.tensor([float(length)]), 0) for length in range(1, 20)]
    (text,) = warned(mlp(data=rows, collate=pad))
    assert text.startswith("Batches differ in shape")


@pytest.mark.parametrize(("after", "refused"), [(5000, True), (None, False)])
def test_samples_that_change_by_how_often_they_are_loaded_are_refused(
    after: int | None, refused: bool
) -> None:
    class Counting(Dataset[Any]):
        """Grows harder, or only tells how often it was asked."""

        def __init__(self) -> None:
            self.asked = 0

        def __len__(self) -> int:
            return 16

        def __getitem__(self, index: int) -> Any:
            self.asked += 1
            return torch.full((6,), 1.0 + (after is not None and self.asked > after)), index % 3

    task = mlp(data=Counting())
    try:
        require_repeatable_data(task, samples(task), range(8))
    except SaturnError as error:
        assert refused
        assert error.code == "unseeded-data"
        assert "the data's asked" in error.message
    else:
        assert not refused
        assert task.data.asked < 5000, "what was tried is taken back"  # type: ignore[attr-defined]
