"""float16 trains as PyTorch's own loss scaling does, also after a pause."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.components.precision import LossScale
from jupyterlab_saturn.training.run.workload import Workload
from jupyterlab_saturn.training.runtime.process_group import ProcessGroup
from jupyterlab_saturn.training.techniques import TECHNIQUES, Context, Runner
from training_tasks import mlp

STEPS = 12
GOOD, OVERFLOWN = torch.tensor(1.0), torch.tensor(float("inf"))


def test_it_is_halved_by_what_is_no_number_and_doubled_after_long_peace() -> None:
    scale = LossScale()
    first = scale.value
    assert not scale.accepts(OVERFLOWN)
    assert not scale.accepts(torch.tensor(float("nan")))
    assert scale.value == first / 4
    assert all(scale.accepts(GOOD) for _ in range(1999))
    assert scale.value == first / 4
    other = LossScale()
    other.restore(scale.state())
    assert other.accepts(GOOD)
    assert other.value == first / 2


def test_a_gradient_that_is_never_a_number_ends_the_training() -> None:
    scale = LossScale()
    with pytest.raises(SaturnError) as caught:
        while not scale.accepts(OVERFLOWN):
            pass
    assert caught.value.code == "loss-not-finite"
    assert scale.value == 1


def steep(clip_norm: float | None) -> Task:
    """Its gradients overflow at first, until the loss is scaled by less."""
    torch.manual_seed(0)
    task = mlp(precision="float16", clip_norm=clip_norm)

    def loss(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return 1000 * torch.nn.functional.cross_entropy(outputs, targets)

    return Task(**{**vars(task), "loss": loss})


def begin(task: Task) -> Workload:
    context = Context(world=ProcessGroup(0, 1), device=torch.device("cpu"), steps=STEPS, knobs={})
    return Workload(task, TECHNIQUES["single"].build(task, context), 7, STEPS)


def by_hand(task: Task, batches: list[Any]) -> list[float]:
    """Losses of PyTorch's recipe for automatic mixed precision."""
    scaler = torch.amp.GradScaler("cpu")
    optimizer = task.optimizer(task.model.parameters())
    assert task.schedule is not None
    schedule = task.schedule(optimizer, STEPS)
    losses = []
    for inputs, targets in batches:
        with torch.autocast("cpu", torch.float16):
            loss: Any = task.loss(task.model(inputs), targets)
        losses.append(loss.item())
        scaler.scale(loss).backward()
        if task.clip_norm is not None:
            scaler.unscale_(optimizer)
            torch.nn.utils.clip_grad_norm_(task.model.parameters(), task.clip_norm)
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
        schedule.step()
    assert scaler.get_scale() < 2.0**16
    return losses


@pytest.mark.filterwarnings("ignore:Detected call of")  # of a schedule, where a step is left out
@pytest.mark.parametrize("clip_norm", [None, 0.5])
def test_it_trains_as_pytorch_does_and_goes_on_after_a_pause(clip_norm: float | None) -> None:
    task = steep(clip_norm)
    batches = [begin(task)._loader.load(step)[0].batch for step in range(STEPS)]
    expected = by_hand(copy.deepcopy(task), batches)
    assert expected[0] != pytest.approx(expected[-1], rel=0.05)

    later = steep(clip_norm)
    first = begin(task)
    losses = [first.advance().item() for _ in range(STEPS // 2)]
    second = begin(later)
    second.step = first.step
    second.runner.restore(first.runner.state())
    assert scale_of(second.runner) == scale_of(first.runner)
    losses += [second.advance().item() for _ in range(STEPS // 2)]
    assert losses == pytest.approx(expected, rel=1e-5)


def scale_of(runner: Runner) -> float:
    assert runner._loss_scale is not None
    return runner._loss_scale.value
