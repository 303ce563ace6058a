"""A Trainer whose compute_loss looks at the learning rate of its optimizer"""

from __future__ import annotations

from typing import Any

from fidelity_case import bert, in_place, sentences

NATIVE = "its compute_loss looks at the optimizer"


def factory() -> Any:
    from transformers import Trainer, TrainingArguments

    class Following(Trainer):
        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, **_: Any
        ) -> Any:
            outputs = model(**inputs)
            loss = outputs.loss * (1 + self.optimizer.param_groups[0]["lr"])
            return (loss, outputs) if return_outputs else loss

    return Following(
        model=bert("BertForSequenceClassification", num_labels=2),
        args=TrainingArguments(**in_place()),
        train_dataset=sentences(8, lambda words: int(words.sum() % 2)),
    )
