"""Label smoothing, two held-out sets by name, and a constant rate."""

from __future__ import annotations

from typing import Any

from fidelity_case import Direct, bert, by_trainer, in_place, sentences


def factory() -> Any:
    from transformers import Trainer, TrainingArguments

    def rows(count: int) -> Any:
        return sentences(count, lambda words: int(words.sum() % 3))

    args = in_place(label_smoothing_factor=0.1, lr_scheduler_type="constant")
    return Trainer(
        model=bert("BertForSequenceClassification", num_labels=3),
        args=TrainingArguments(**args),
        train_dataset=rows(16),
        eval_dataset={"near": rows(7), "far": rows(5)},
    )


def direct() -> Direct:
    return by_trainer(factory())
