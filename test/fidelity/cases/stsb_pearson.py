"""Regression by BERT, with Pearson's correlation, which no batch of one has."""

from __future__ import annotations

from typing import Any

from fidelity_case import Direct, bert, by_trainer, in_place, sentences


def measure(said: Any) -> dict[str, float]:
    from scipy.stats import pearsonr

    return {"pearson": float(pearsonr(said.predictions[:, 0], said.label_ids)[0])}


def factory() -> Any:
    from transformers import Trainer, TrainingArguments

    return Trainer(
        model=bert("BertForSequenceClassification", num_labels=1, problem_type="regression"),
        args=TrainingArguments(**in_place(lr_scheduler_type="cosine", warmup_steps=2)),
        train_dataset=sentences(16, lambda words: float(words.sum() % 5)),
        eval_dataset=sentences(10, lambda words: float(words.sum() % 5)),
        compute_metrics=measure,
    )


def direct() -> Direct:
    return by_trainer(factory())
