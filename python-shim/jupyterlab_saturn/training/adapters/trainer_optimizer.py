"""The optimizer and the schedule of a Hugging Face Trainer, as how to make them anew."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from transformers import Trainer

from .adapter import NeedsNative
from .optimizer_instance import NamedGroups, made_anew, rebound

if TYPE_CHECKING:
    from ...task import Optimizer, ParameterGroups, Schedule


def optimizer_of(trainer: Trainer) -> tuple[Optimizer, ParameterGroups]:
    """How to make a Trainer's optimizer, and of which groups.

    Raises
    ------
    NeedsNative
        For an optimizer that needs the whole model.
    SaturnError
        As `made_anew`.
    """
    model: Any = trainer.model
    if trainer.optimizer is not None:
        return _whole(trainer, trainer.optimizer)
    if is_own(trainer, "create_optimizer"):
        made, trainer.optimizer = trainer.create_optimizer() or trainer.optimizer, None
        return _whole(trainer, made)
    kind, options = trainer.optimizer_cls_and_kwargs or trainer.get_optimizer_cls_and_kwargs(
        trainer.args, model
    )
    if not (isinstance(kind, type) and issubclass(kind, torch.optim.Optimizer)) or (
        {"params", "model", "optimizer_dict"} & options.keys()
    ):
        raise NeedsNative(f"optim={trainer.args.optim!s} needs the whole model at once", trainer)
    names = frozenset(name for name, p in model.named_parameters() if p.requires_grad)
    decayed = names.intersection(trainer.get_decay_parameter_names(model))
    groups = [
        (decayed, {"weight_decay": trainer.args.weight_decay}),
        (names - decayed, {"weight_decay": 0.0}),
    ]
    return partial(kind, **options), NamedGroups(groups)


def schedule_of(trainer: Trainer) -> Schedule:
    """How to make a Trainer's learning-rate schedule of an optimizer that was made anew.

    Raises
    ------
    SaturnError
        As `rebound`.
    """
    given = trainer.lr_scheduler
    if given is not None:
        return rebound(given, trainer.optimizer)  # type: ignore[arg-type]

    def make(optimizer: torch.optim.Optimizer, steps: int) -> Any:
        # It makes a schedule but once, and one of the user's own looks for the optimizer here.
        trainer.optimizer, trainer.lr_scheduler = optimizer, None
        made = trainer.create_scheduler(num_training_steps=steps, optimizer=optimizer)
        return made or trainer.lr_scheduler

    return make


def is_own(trainer: Trainer, name: str) -> bool:
    """Whether a method of a Trainer is not that of transformers."""
    method = getattr(trainer, name)
    return getattr(method, "__func__", method) is not vars(Trainer)[name]


def _whole(trainer: Trainer, optimizer: Any) -> tuple[Optimizer, ParameterGroups]:
    model: Any = trainer.model
    trained = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    idle = [n for n, p in model.named_parameters() if p.requires_grad and id(p) not in trained]
    if idle and trainer.args.max_grad_norm:
        raise NeedsNative(
            f"its optimizer leaves out {idle[0]}, whose gradient counts when the norm is clipped",
            trainer,
        )
    return made_anew(optimizer, model)
