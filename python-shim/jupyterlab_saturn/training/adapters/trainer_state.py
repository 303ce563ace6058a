"""What a ``compute_loss`` of the user's own may look at beside its batch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any

from transformers import Trainer

from .accumulation import Accumulation
from .overrides import comes_from
from .trainer_settings import LIBRARIES


@dataclass(frozen=True)
class TrainerState:
    """A `Task.before_step` by which ``trainer.state`` says how far the training is.

    As in a Trainer's own loop, it is of the step made last.
    """

    trainer: Trainer
    accumulation: Accumulation

    def __call__(self, step: int, epoch: int) -> None:
        self.accumulation(step, epoch)
        args, state, batches = self.trainer.args, self.trainer.state, self.accumulation.batches
        per_epoch = self.accumulation.steps_per_epoch
        made = step % per_epoch * args.gradient_accumulation_steps
        state.global_step, state.epoch = step, epoch + made / batches
        if args.max_steps <= 0:
            state.num_train_epochs = math.ceil(args.num_train_epochs)
            state.max_steps = math.ceil(args.num_train_epochs * per_epoch)
        else:
            state.max_steps = args.max_steps
            state.num_train_epochs = math.ceil(args.max_steps / per_epoch)


def is_users(method: Any) -> bool:
    """Whether a Trainer's method was not written by its library."""
    return not comes_from(getattr(method, "__func__", method), LIBRARIES)


def reads_optimizer(method: Any) -> bool:
    """Whether its code names what there is only while a Trainer's own loop runs."""
    code = getattr(getattr(method, "__func__", method), "__code__", None)
    return code is not None and not _WHILE_TRAINING.isdisjoint(_names(code))


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


_WHILE_TRAINING = frozenset(("optimizer", "lr_scheduler", "callback_handler", "control"))
