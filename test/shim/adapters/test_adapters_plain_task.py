"""A Task as people write it first: an optimizer that exists, dict batches, a tuple."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.adapters import adapt
from jupyterlab_saturn.training.components.optimizer_factory import make_optimizer, make_schedule
from torch import nn
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader, Dataset, TensorDataset

DATA = TensorDataset(torch.randn(12, 6), torch.randint(0, 3, (12,)))


def net() -> nn.Module:
    return nn.Sequential(nn.Linear(6, 4), nn.Linear(4, 3))


def loader() -> DataLoader[Any]:
    return DataLoader(DATA, batch_size=4, shuffle=True)


def test_one_line_makes_a_task() -> None:
    task = adapt(Task(net(), loader(), nn.CrossEntropyLoss(), partial(torch.optim.SGD, lr=0.1)))
    assert (task.data, task.batch_size) == (DATA, 4)


@pytest.mark.parametrize(
    "made",
    [
        lambda model, sgd: (model, loader(), nn.CrossEntropyLoss(), sgd),
        lambda model, sgd: (model, loader(), loader(), sgd, nn.CrossEntropyLoss()),
    ],
)
def test_a_tuple_of_the_parts_is_a_task(made: Any) -> None:
    model = net()
    task = adapt(made(model, torch.optim.SGD(model.parameters(), lr=0.1)))
    assert task.model is model
    assert isinstance(task.loss, nn.CrossEntropyLoss)
    named = list(model.named_parameters())
    assert make_optimizer(task, named).param_groups[0]["lr"] == 0.1


def test_without_an_optimizer_it_is_adamw_and_that_is_said() -> None:
    task = adapt(Task(net(), loader(), nn.CrossEntropyLoss()))
    made = make_optimizer(task, list(task.model.named_parameters()))
    assert type(made) is torch.optim.AdamW
    assert any("names no optimizer" in text for text in task.remarks)


def test_a_step_may_take_several_batches_of_a_loader() -> None:
    parts = (net(), loader(), nn.CrossEntropyLoss())
    assert adapt(Task(*parts, batch_size=8, micro_batches=2, equal_parts=True)).batch_size == 8


def test_data_without_a_length_are_refused_by_name() -> None:
    class Endless(Dataset[Any]):
        def __getitem__(self, index: int) -> Any:
            return torch.zeros(2), torch.zeros(1)

    endless = DataLoader(Endless(), batch_size=2)
    with pytest.raises(SaturnError, match="Endless, which has no length"):
        adapt(Task(net(), endless, nn.MSELoss()))


def test_an_optimizer_with_its_schedule_is_made_anew_as_it_is() -> None:
    def alone(model: nn.Module) -> tuple[Any, Any]:
        first, last = model.children()
        optimizer = torch.optim.AdamW(
            [{"params": first.parameters(), "lr": 0.1}, {"params": last.parameters()}],
            lr=0.01,
            betas=(0.8, 0.9),
        )
        warm = lr_scheduler.LinearLR(optimizer, 0.1, total_iters=3)
        cosine = lr_scheduler.CosineAnnealingLR(optimizer, 7)
        return optimizer, lr_scheduler.SequentialLR(optimizer, [warm, cosine], [3])

    model = net()
    expected, schedule = alone(model)
    task = adapt(Task(model, loader(), nn.CrossEntropyLoss(), expected, schedule=schedule))
    optimizer = make_optimizer(task, list(model.named_parameters()))
    anew = make_schedule(task, optimizer, 10)
    assert anew is not None and optimizer is not expected
    for _ in range(10):
        rates = [(g["lr"], g["betas"], len(g["params"])) for g in expected.param_groups]
        assert rates == [(g["lr"], g["betas"], len(g["params"])) for g in optimizer.param_groups]
        for one, other in ((expected, schedule), (optimizer, anew)):
            one.step()
            other.step()


class Keeping(torch.optim.SGD):
    """Does not keep what it was given."""

    def __init__(self, params: Any, lr: float, power: float = 2.0) -> None:
        super().__init__(params, lr=lr)


@pytest.mark.parametrize(
    ("optimizer", "words"),
    [
        (lambda _: torch.optim.SGD(nn.Linear(2, 2).parameters(), lr=0.1), "does not have"),
        (lambda model: Keeping(model.parameters(), 0.1), "was given as power"),
    ],
)
def test_an_optimizer_that_cannot_be_made_anew_is_refused(optimizer: Any, words: str) -> None:
    model = net()
    with pytest.raises(SaturnError, match=words):
        adapt(Task(model, loader(), nn.CrossEntropyLoss(), optimizer(model)))


def test_a_schedule_of_another_optimizer_is_refused() -> None:
    model = net()
    one, other = (torch.optim.SGD(model.parameters(), lr=0.1) for _ in range(2))
    with pytest.raises(SaturnError, match="not one of the optimizer"):
        task = Task(model, loader(), nn.CrossEntropyLoss(), one)
        adapt(Task(**{**vars(task), "schedule": lr_scheduler.StepLR(other, 1)}))


def test_a_model_that_returns_its_loss_gets_all_of_a_dict() -> None:
    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = net()

        def forward(self, x: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
            outputs = self.net(x)
            return {"loss": nn.functional.cross_entropy(outputs, labels), "logits": outputs}

    data = [{"x": x, "labels": y} for x, y in DATA]
    task = adapt(Task(Own(), DataLoader(data, 4), optimizer=partial(torch.optim.SGD, lr=0.1)))  # type: ignore[arg-type]
    assert task.collate is not None and task.forward is not None
    inputs, targets = task.collate(data[:4])
    outputs = task.forward(task.model, inputs)
    assert task.loss(outputs, targets) is outputs["loss"]
    assert targets["labels"].tolist() == DATA.tensors[1][:4].tolist()


@pytest.mark.parametrize(
    "schedule",
    [
        partial(lr_scheduler.StepLR, step_size=1),
        lambda optimizer, steps: torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.7),
    ],
)
def test_what_a_schedule_is_stepped_by_is_said_where_it_was_not(schedule: Any) -> None:
    sgd = partial(torch.optim.SGD, lr=0.1)
    task = Task(net(), loader(), nn.CrossEntropyLoss(), sgd, schedule=schedule)
    (remark,) = adapt(task).remarks
    assert "StepLR is stepped once a step" in remark
    said = Task(**{**vars(task), "schedule_every": "epoch"})
    assert adapt(said).remarks == ()


def test_what_is_compiled_has_the_names_that_it_has_otherwise() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
    names = list(net.state_dict())
    net[0] = torch.compile(net[0], backend="eager")
    task = adapt(
        Task(
            model=torch.compile(net, backend="eager"),
            data=torch.utils.data.TensorDataset(torch.ones(4, 2), torch.ones(4, 1)),
            loss=torch.nn.functional.mse_loss,
            optimizer=partial(torch.optim.SGD, lr=0.1),
        )
    )
    assert list(task.model.state_dict()) == names
    assert task.model._compiled_call_impl is not None
    assert task.model(torch.ones(4, 2)).shape == (4, 1)
