"""The optimizer of a Hugging Face Trainer, as how to make it of any part of the parameters."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from transformers import Trainer

from ...errors import SaturnError

if TYPE_CHECKING:
    from ...task import Optimizer, ParameterGroups


@dataclass(frozen=True)
class NamedGroups:
    """Groups of parameters by name, each with its options; a part of a model has some of them."""

    groups: Sequence[tuple[frozenset[str], dict[str, Any]]]

    def __call__(self, named: list[tuple[str, torch.nn.Parameter]]) -> list[dict[str, Any]]:
        return [
            {"params": [parameter for name, parameter in named if name in names], **options}
            for names, options in self.groups
        ]


def optimizer_of(trainer: Trainer) -> tuple[Optimizer, ParameterGroups]:
    """How to make a Trainer's optimizer, and of which groups.

    Raises
    ------
    SaturnError
        ``unsupported`` for an optimizer that needs the whole model.
    """
    model: Any = trainer.model
    if trainer.optimizer is not None:
        return _like(trainer.optimizer, model)
    if type(trainer).create_optimizer is not Trainer.create_optimizer:
        raise _unsupported(f"{type(trainer).__name__}.create_optimizer is its own")
    kind, options = trainer.optimizer_cls_and_kwargs or Trainer.get_optimizer_cls_and_kwargs(
        trainer.args, model
    )
    if not (isinstance(kind, type) and issubclass(kind, torch.optim.Optimizer)) or (
        {"params", "model", "optimizer_dict"} & options.keys()
    ):
        raise _unsupported(f"optim={trainer.args.optim!s} needs the whole model at once")
    names = frozenset(name for name, p in model.named_parameters() if p.requires_grad)
    decayed = names.intersection(trainer.get_decay_parameter_names(model))
    groups = [
        (decayed, {"weight_decay": trainer.args.weight_decay}),
        (names - decayed, {"weight_decay": 0.0}),
    ]
    return partial(kind, **options), NamedGroups(groups)


def _like(
    optimizer: torch.optim.Optimizer, model: torch.nn.Module
) -> tuple[Optimizer, ParameterGroups]:
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    if any(id(p) not in names for group in optimizer.param_groups for p in group["params"]):
        raise _unsupported("the one given holds parameters that the model does not have")
    groups = [
        (
            frozenset(names[id(parameter)] for parameter in group["params"]),
            {
                **{key: value for key, value in group.items() if key in optimizer.defaults},
                "lr": group.get("initial_lr", group["lr"]),  # a schedule has changed it already
            },
        )
        for group in optimizer.param_groups
    ]
    accepted = inspect.signature(type(optimizer).__init__).parameters
    options = {key: value for key, value in optimizer.defaults.items() if key in accepted}
    return partial(type(optimizer), **options), NamedGroups(groups)


def _unsupported(why: str) -> SaturnError:
    return SaturnError(
        "unsupported",
        f"The optimizer cannot be made of a part of the parameters: {why}.",
        "Choose an optim of PyTorch, such as 'adamw_torch'.",
    )
