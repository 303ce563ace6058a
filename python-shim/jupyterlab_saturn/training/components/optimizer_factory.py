"""The optimizer and the schedule that a task's own functions make."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.optim.lr_scheduler import LRScheduler

from ...errors import SaturnError
from ...task import Task
from ..runtime.failure import describe, is_from_user, is_out_of_memory


def make_optimizer(
    task: Task, named: Sequence[tuple[str, torch.nn.Parameter]]
) -> torch.optim.Optimizer:
    """The optimizer of some of a task's parameters, by name.

    Raises
    ------
    SaturnError
        ``bad-task`` when the task's function makes none, or one that wants to evaluate the loss
        itself.
    """
    make_groups, make = task.parameter_groups, task.optimizer
    groups: Any = (
        # Optimizers refuse an empty list, which the ends of a pipeline may have.
        [parameter for _, parameter in named] or [{"params": []}]
        if make_groups is None
        # None without a parameter: a checkpoint names an optimizer's state by parameters.
        else [
            group
            for group in _call("parameter_groups", lambda: make_groups(list(named)))
            if group["params"]
        ]
        or [{"params": []}]
    )
    assert not isinstance(make, torch.optim.Optimizer), "an adapter makes a function of it"
    optimizer = _call("optimizer", lambda: make(groups))
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise SaturnError(
            "bad-task",
            f"The optimizer's function returned a {type(optimizer).__name__}, not an optimizer.",
            "Give e.g. optimizer=partial(torch.optim.AdamW, lr=1e-3).",
        )
    closure = inspect.signature(optimizer.step).parameters.get("closure")
    if closure is not None and closure.default is inspect.Parameter.empty:
        raise SaturnError(
            "bad-task",
            f"The optimizer {type(optimizer).__name__} evaluates the loss several times a step, "
            "which no technique here can do.",
            "Use one whose step() needs no closure, such as torch.optim.AdamW, or train by your "
            "own loop: %%saturn task --native.",
        )
    _require_given(optimizer, named)
    return optimizer


def _require_given(
    optimizer: torch.optim.Optimizer, named: Sequence[tuple[str, torch.nn.Parameter]]
) -> None:
    """Raises SaturnError ``bad-task`` when an optimizer trains others than it was given."""
    given = {id(parameter) for _, parameter in named}
    held = [p for group in optimizer.param_groups for p in group["params"]]
    if any(p.requires_grad and id(p) not in given for p in held):
        raise SaturnError(
            "bad-task",
            "The optimizer's function takes parameters from elsewhere than from what it is given, "
            "but a technique may have put others in their place.",
            "Make the optimizer of its argument: optimizer=lambda parameters: AdamW(parameters).",
        )


def why_not_remade(
    task: Task, named: Sequence[tuple[str, torch.nn.Parameter]], *, in_parts: bool
) -> str | None:
    """Why the optimizer cannot be made of others in the place of the model's parameters.

    It is made of copies without numbers or anything else that is on parameters, which the model
    has meanwhile. What it does with each must be the same.

    Parameters
    ----------
    in_parts
        Whether it is also to be made of some of the parameters, here of each half.
    """
    copies = [
        (name, torch.nn.Parameter(torch.empty_like(p, device="meta"), p.requires_grad))
        for name, p in named
    ]
    others = {id(p): copy for (_, p), (_, copy) in zip(named, copies, strict=True)}
    half = len(named) // 2
    halves = [part for part in (copies[:half], copies[half:]) if part] if in_parts else []
    try:
        known = _settings(task, named)
        with _replaced(task.model, others):
            replaced = _settings(task, copies)
            parts = [_settings(task, part) for part in halves]
    except Exception as error:
        if is_out_of_memory(error):
            raise
        return "the optimizer's function needs the very parameters that the model has at first"
    joined = {name: options for made in parts for name, options in made.items()}
    if known != replaced or (in_parts and known != joined):
        return "the optimizer's function treats parameters by more than their names and shapes"
    return None


@contextmanager
def _replaced(model: torch.nn.Module, others: Mapping[int, torch.nn.Parameter]) -> Iterator[None]:
    """Within it, a model has other parameters in the place of its own, told by their ids."""
    owned = [(module._parameters, dict(module._parameters)) for module in model.modules()]
    try:
        for parameters, before in owned:
            parameters.update({n: others.get(id(p), p) for n, p in before.items()})
        yield
    finally:
        for parameters, before in owned:
            parameters.update(before)


def _settings(
    task: Task, named: Sequence[tuple[str, torch.nn.Parameter]]
) -> dict[str, dict[str, Any]]:
    """The options with which an optimizer trains each parameter, by name."""
    names = {id(parameter): name for name, parameter in named}
    return {
        names[id(parameter)]: {n: v for n, v in group.items() if not n.startswith("param")}
        for group in make_optimizer(task, named).param_groups
        for parameter in group["params"]
        if id(parameter) in names
    }


def make_schedule(task: Task, optimizer: torch.optim.Optimizer, steps: int) -> LRScheduler | None:
    """None when the task has none. Raises SaturnError ``bad-task`` when its function makes none.

    Parameters
    ----------
    steps
        Optimizer steps in all.
    """
    make = task.schedule
    if make is None:
        return None
    schedule = _call("schedule", lambda: make(optimizer, steps))
    if not hasattr(schedule, "step") or not hasattr(schedule, "state_dict"):
        raise SaturnError(
            "bad-task",
            f"The schedule's function returned a {type(schedule).__name__}, not a scheduler.",
            "Let schedule(optimizer, total_steps) return e.g. an OneCycleLR.",
        )
    return schedule  # type: ignore[no-any-return]


def _call(role: str, make: Callable[[], Any]) -> Any:
    try:
        return make()
    except SaturnError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        failure = describe(error, "bad-task")
        told = SaturnError(
            "bad-task",
            f"The {role} cannot be made: {failure['message']}.",
            f"Correct what the Task's {role} is given.",
        )
        if is_from_user(error):
            told.traceback = failure.get("traceback")
        raise told from error
