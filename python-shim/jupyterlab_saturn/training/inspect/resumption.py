"""Whether an optimizer and a schedule go on after a pause as if there had been none."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_leaves

from ...errors import SaturnError
from ...task import Task
from ..components.learning_rate import LearningRate
from ..components.optimizer_factory import make_optimizer
from ..components.seeding import seed_all, undisturbed
from ..components.state_dicts import optimizer_state, restore_optimizer
from ..runtime.failure import describe, is_out_of_memory
from .own_counts import OwnCounts

_STEPS = 12  # before and after the pause: as often as optimizers do what they do not do each time
_MOST_NUMBERS = 1 << 16
_FEW = 4  # parameters


def require_resumable_optimizer(task: Task) -> None:
    """Pause the task's optimizer among steps of small parameters with gradients at random.

    One that cannot make such steps, for it is made for a GPU or for gradients of another form, is
    not judged.

    Raises
    ------
    SaturnError
        ``hidden-state`` when it then goes on otherwise, or its state cannot be had.
    """
    named = _small(task)
    if not named:
        return
    with undisturbed(), _quiet():
        try:
            paused, whole = _Stepped(task, named), _Stepped(task, named)
            for step in range(_STEPS):
                whole.step(step)
        except Exception as error:
            if is_out_of_memory(error):
                raise
            return
        _pause(whole, paused)
        counts = OwnCounts({"the optimizer": whole.optimizer}, but=whole.in_checkpoints())
        for step in range(_STEPS, 2 * _STEPS):
            whole.step(step)
            paused.step(step)
        if not whole.equals(paused):
            raise _hidden(whole, "remembers what is neither in its state nor in its groups")
        counted = counts.mattering(whole.tried, lambda one, other: not _equal(one, other))
        if counted is not None:
            raise _hidden(whole, f"counts its steps in {counted}, and goes by it")


def require_resumable_schedule(
    task: Task, make: Callable[[], torch.optim.Optimizer], steps: int, times: int
) -> None:
    """Pause the task's schedule in the middle.

    Parameters
    ----------
    make
        Makes the task's optimizer.
    steps
        Of the task.
    times
        How often the schedule is stepped.

    Raises
    ------
    SaturnError
        ``hidden-state`` when learning rates are then others.
    """
    optimizer = make()
    rate = LearningRate(task, optimizer, steps)
    for _ in range(times // 2):
        _move(rate)
    state, at_pause = rate.state(), _settings(optimizer)
    fresh = make()
    resumed = LearningRate(task, fresh, steps)
    for group, known in zip(fresh.param_groups, at_pause, strict=True):
        group.update(known)  # they are in the state of the optimizer
    resumed.restore(state)
    for _ in range(times // 2, times):
        _move(rate)
        _move(resumed)
        if not _alike(_settings(optimizer), _settings(fresh)):
            raise SaturnError(
                "hidden-state",
                "After a pause the schedule goes on with other learning rates: something of how "
                "far it is, such as a count of its calls, is not in its state.",
                "Make what it computes a function of the step that it is given, or keep what it "
                "counts in an attribute of the scheduler.",
            )


def _move(rate: LearningRate) -> None:
    rate.stepped()
    rate.ended_epoch()


def _pause(whole: _Stepped, paused: _Stepped) -> None:
    """Have another optimizer go on where one is, as from a checkpoint."""
    try:
        state = optimizer_state(whole.module, whole.optimizer)
        optimizer_state(paused.module, paused.optimizer)  # as before a checkpoint is loaded
        restore_optimizer(paused.module, paused.optimizer, copy.deepcopy(state))
    except Exception as error:
        if is_out_of_memory(error):
            raise
        failure = describe(error, "hidden-state")
        told = _hidden(whole, f"has no state to be had ({failure['message'].rstrip('.')})")
        told.traceback = failure.get("traceback")
        raise told from error
    paused.take(whole)


class _Stepped:
    """The optimizer of copies of some parameters."""

    def __init__(self, task: Task, named: Sequence[tuple[str, nn.Parameter]]) -> None:
        copies = [(n, nn.Parameter(p.detach().cpu().clone())) for n, p in named]
        self.module = nn.ParameterList(p for _, p in copies)
        self.optimizer = make_optimizer(task, copies)

    def step(self, number: int) -> None:
        generator = torch.Generator().manual_seed(number)
        seed_all(number)
        for parameter in self.module:
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.grad = noise.to(parameter.dtype)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def tried(self) -> list[torch.Tensor]:
        """What parameters are after another step, which is then taken back."""
        before = _values(self.module)
        kept = [
            (entry, {k: v.clone() if isinstance(v, torch.Tensor) else v for k, v in entry.items()})
            for entry in self.optimizer.state.values()
        ]
        groups = [dict(group) for group in self.optimizer.param_groups]
        self.step(0)
        found = _values(self.module)
        self._put(before)
        for entry, values in kept:
            for key, value in values.items():
                if isinstance(value, torch.Tensor) and entry[key].shape == value.shape:
                    entry[key].copy_(value)
                else:
                    entry[key] = value
        for group, known in zip(self.optimizer.param_groups, groups, strict=True):
            group.update(known)
        return found

    def take(self, other: _Stepped) -> None:
        self._put(_values(other.module))

    def equals(self, other: _Stepped) -> bool:
        return _equal(_values(self.module), _values(other.module))

    def in_checkpoints(self) -> list[Any]:
        return [self.optimizer.state, self.optimizer.param_groups, self.optimizer.defaults]

    def _put(self, values: Sequence[torch.Tensor]) -> None:
        for parameter, value in zip(self.module, values, strict=True):
            parameter.data.copy_(value)


def _hidden(stepped: _Stepped, why: str) -> SaturnError:
    return SaturnError(
        "hidden-state",
        f"The optimizer {type(stepped.optimizer).__name__} {why}: after a pause it would go on "
        "otherwise.",
        "Let it keep all it knows in self.state and self.param_groups, as PyTorch's do, and call "
        "super().__init__; or train by your own loop: %%saturn task --native.",
    )


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that one is stepped without the other
        yield


def _small(task: Task) -> list[tuple[str, nn.Parameter]]:
    """The smallest of the parameters to be trained, but of each number of dimensions some."""
    trained = [(n, p) for n, p in task.model.named_parameters() if p.requires_grad]
    found: list[tuple[str, nn.Parameter]] = []
    for dimensions in sorted({p.dim() for _, p in trained}):
        alike = sorted((p.numel(), n, p) for n, p in trained if p.dim() == dimensions)
        found += [(n, p) for size, n, p in alike[:_FEW] if size <= _MOST_NUMBERS]
    return found


def _values(module: nn.ParameterList) -> list[torch.Tensor]:
    return [parameter.detach().clone() for parameter in module]


def _equal(some: Sequence[torch.Tensor], others: Sequence[torch.Tensor]) -> bool:
    return all(
        torch.allclose(one, other, rtol=1e-5, atol=1e-7, equal_nan=True)
        for one, other in zip(some, others, strict=True)
    )


def _settings(optimizer: torch.optim.Optimizer) -> list[dict[str, Any]]:
    """What of an optimizer's groups a schedule may have changed."""
    return [
        {key: copy.deepcopy(value) for key, value in group.items() if key != "params"}
        for group in optimizer.param_groups
    ]


def _alike(some: list[dict[str, Any]], others: list[dict[str, Any]]) -> bool:
    numbers, same = (_numbers(settings) for settings in (some, others))
    return len(numbers) == len(same) and all(
        math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-12)
        for one, other in zip(numbers, same, strict=True)
    )


def _numbers(settings: list[dict[str, Any]]) -> list[float]:
    found = tree_leaves([dict(sorted(group.items())) for group in settings])
    return [
        float(value)
        for value in found
        if isinstance(value, int | float)
        or (isinstance(value, torch.Tensor) and value.numel() == 1)
    ]
