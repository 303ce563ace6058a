"""Hugging Face: a ``Trainer``, or what one is made of."""

from __future__ import annotations

from typing import Any

from ...task import Task
from .adapter import Adapter, is_a

_TRAINER = "transformers.trainer.Trainer"
_ARGUMENTS = "transformers.training_args.TrainingArguments"


class HuggingFaceAdapter(Adapter):
    """Of a ``Trainer`` or a tuple ``(model, dataset, TrainingArguments)``."""

    def claims(self, made: Any) -> bool:
        parts = made if isinstance(made, tuple) and len(made) == 3 else ()
        return is_a(made, _TRAINER) or any(is_a(part, _ARGUMENTS) for part in parts[2:])

    def adapt(self, made: Any) -> Task:
        from transformers import Trainer

        from .trainer_task import from_trainer

        if isinstance(made, tuple):
            model, dataset, arguments = made
            made = Trainer(model=model, args=arguments, train_dataset=dataset)
        return from_trainer(made)
