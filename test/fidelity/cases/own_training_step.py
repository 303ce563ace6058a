"""A Trainer with a training_step of its own: adversarial training."""

from __future__ import annotations

from typing import Any

from fidelity_case import bert, in_place, sentences

NATIVE = "has its own training_step"


def factory() -> Any:
    from transformers import Trainer, TrainingArguments

    class Adversarial(Trainer):
        def training_step(self, model: Any, inputs: Any, *rest: Any) -> Any:
            super().training_step(model, inputs, *rest)
            return super().training_step(model, inputs, *rest)

    return Adversarial(
        model=bert("BertForSequenceClassification", num_labels=2),
        args=TrainingArguments(**in_place()),
        train_dataset=sentences(8, lambda words: int(words.sum() % 2)),
    )
