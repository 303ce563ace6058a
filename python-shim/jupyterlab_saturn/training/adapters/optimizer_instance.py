"""An optimizer and a schedule that exist already, as how to make them anew of any parameters."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch.optim.lr_scheduler import LRScheduler

from ...errors import SaturnError

if TYPE_CHECKING:
    from ...task import Optimizer, ParameterGroups, Schedule

_NOT_OPTIONS = ("params", "param_names")


@dataclass(frozen=True)
class NamedGroups:
    """Groups of parameters by name, each with its options; a part of a model has some of them."""

    groups: Sequence[tuple[frozenset[str], dict[str, Any]]]

    def __call__(self, named: list[tuple[str, torch.nn.Parameter]]) -> list[dict[str, Any]]:
        return [
            {"params": [parameter for name, parameter in named if name in names], **options}
            for names, options in self.groups
        ]


def made_anew(
    optimizer: torch.optim.Optimizer, model: torch.nn.Module
) -> tuple[Optimizer, ParameterGroups]:
    """How to make an optimizer like one of a model's parameters, and of which groups.

    Groups are taken over as they are, with what a schedule has noted in them.

    Raises
    ------
    SaturnError
        ``unsupported`` for one that cannot be told from its groups and defaults.
    """
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    if any(id(p) not in names for group in optimizer.param_groups for p in group["params"]):
        raise _unsupported("it holds parameters that the model does not have")
    if not _is_new(optimizer):
        raise _unsupported("it has made steps already")
    kind = type(optimizer)
    accepted = [
        name
        for name, parameter in list(inspect.signature(kind.__init__).parameters.items())[1:]
        if name != "params" and parameter.kind not in (parameter.VAR_KEYWORD,)
    ]
    unknown = [name for name in accepted if name not in optimizer.defaults]
    if unknown:
        raise _unsupported(f"{kind.__name__} does not keep what it was given as {unknown[0]}")
    hooks = ("_optimizer_step_pre_hooks", "_optimizer_step_post_hooks")
    if any(getattr(optimizer, name, None) for name in hooks):
        raise _unsupported("it has hooks on its steps")
    groups = [
        (
            frozenset(names[id(parameter)] for parameter in group["params"]),
            {key: value for key, value in group.items() if key not in _NOT_OPTIONS},
        )
        for group in optimizer.param_groups
    ]
    options = {name: optimizer.defaults[name] for name in accepted}
    return partial(kind, **options), NamedGroups(groups)


def _is_new(optimizer: torch.optim.Optimizer) -> bool:
    """Whether it has made no step; some, as Adagrad, keep a state from the beginning."""
    return all("step" in known and known["step"] == 0 for known in optimizer.state.values())


def named_groups(make: ParameterGroups, model: torch.nn.Module) -> ParameterGroups:
    """The groups that a function makes of a whole model's parameters, told by their names.

    It may look at what is lost where a technique puts others in their place: which they are, or
    what is written on them. What it makes of none is left as it is.
    """
    trained = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    names = {id(parameter): name for name, parameter in trained}
    try:
        groups = [dict(group) for group in make(list(trained))]
        members = [list(group.pop("params")) for group in groups]
    except Exception:  # it is told where the optimizer is made
        return make
    if any(id(parameter) not in names for some in members for parameter in some):
        return make
    return NamedGroups(
        [
            (frozenset(names[id(parameter)] for parameter in some), group)
            for some, group in zip(members, groups, strict=True)
        ]
    )


def rebound(schedule: Any, optimizer: torch.optim.Optimizer) -> Schedule:
    """How to make a schedule like one of `optimizer`, of an optimizer that was `made_anew`.

    It is copied, with all that it consists of, as it stands.

    Raises
    ------
    SaturnError
        ``unsupported`` when it is a schedule of another optimizer, or has made steps.
    """
    if getattr(schedule, "optimizer", None) is not optimizer:
        raise _bad_schedule("it is not one of the optimizer of the same task")
    if getattr(schedule, "last_epoch", 0) > 0:
        raise _bad_schedule("it has made steps already")
    count = len(optimizer.param_groups)

    def make(made: torch.optim.Optimizer, steps: int) -> Any:
        if len(made.param_groups) != count:
            raise _bad_schedule("some of its groups have no parameters on this device")
        return copy.deepcopy(schedule, {id(optimizer): made})

    return make


def like(schedule: Callable[..., Any] | LRScheduler | None, optimizer: Any) -> Any:
    """What a task's schedule becomes beside an optimizer that exists: see `rebound`."""
    is_made = schedule is not None and hasattr(schedule, "step") and hasattr(schedule, "optimizer")
    return rebound(schedule, optimizer) if is_made else schedule


def _unsupported(why: str) -> SaturnError:
    return SaturnError(
        "unsupported",
        f"The optimizer cannot be made anew for the parts of a model: {why}.",
        "Give a function that makes it, such as optimizer=partial(torch.optim.AdamW, lr=1e-3).",
    )


def _bad_schedule(why: str) -> SaturnError:
    return SaturnError(
        "unsupported",
        f"The schedule cannot be made anew for the parts of a model: {why}.",
        "Give a function that makes it: schedule=lambda optimizer, steps: ....",
    )
