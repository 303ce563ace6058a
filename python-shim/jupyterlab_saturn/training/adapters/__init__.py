"""From what people have already to a Task.

A library is imported here only once an object of it has come: it is loaded then anyway.
"""

from __future__ import annotations

from typing import Any

from ...task import Task
from .data_loader import unpack_loaders

_TRAINERS = ("transformers.trainer.Trainer",)
_ARGUMENTS = ("transformers.training_args.TrainingArguments",)
_LIGHTNING_MODULES = (
    "lightning.pytorch.core.module.LightningModule",
    "pytorch_lightning.core.module.LightningModule",
)


def adapt(made: Any) -> Any:
    """The Task that what a factory made stands for; `made` itself when it stands for none.

    It stands for one when it is a Task, a Hugging Face ``Trainer``, a tuple ``(model, dataset,
    TrainingArguments)``, or a tuple ``(LightningModule, DataModule)``, the latter with a dict of
    a Lightning ``Trainer``'s options as a third part if need be.

    Raises
    ------
    SaturnError
        ``unsupported`` when it asks for something that cannot be honoured, ``bad-task`` when
        parts are missing or do not fit.
    """
    if isinstance(made, Task):
        return unpack_loaders(made)
    if _is_a(made, _TRAINERS):
        from .trainer_task import from_trainer

        return from_trainer(made)
    if not isinstance(made, tuple) or not made:
        return made
    if len(made) == 3 and _is_a(made[2], _ARGUMENTS):
        from transformers import Trainer

        from .trainer_task import from_trainer

        model, dataset, arguments = made
        return from_trainer(Trainer(model=model, args=arguments, train_dataset=dataset))
    if len(made) in (2, 3) and _is_a(made[0], _LIGHTNING_MODULES):
        from .lightning_task import from_lightning

        return from_lightning(*made)
    return made


def _is_a(thing: Any, names: tuple[str, ...]) -> bool:
    return any(f"{kind.__module__}.{kind.__qualname__}" in names for kind in type(thing).__mro__)
