"""A callback of the user's own, which may do anything."""

from __future__ import annotations

from typing import Any

from fidelity_case import bert, in_place, sentences

NATIVE = "it has the callback Thawing"


def factory() -> Any:
    from transformers import Trainer, TrainerCallback, TrainingArguments

    class Thawing(TrainerCallback):
        def on_epoch_begin(self, *_: Any, model: Any = None, **__: Any) -> None:
            model.bert.requires_grad_(True)

    return Trainer(
        model=bert("BertForSequenceClassification", num_labels=2),
        args=TrainingArguments(**in_place()),
        train_dataset=sentences(8, lambda words: int(words.sum() % 2)),
        callbacks=[Thawing()],
    )
