"""A datasets.Dataset as NumPy arrays, and one as plain lists held out, by a Trainer."""

from __future__ import annotations

from typing import Any

from fidelity_case import Direct, bert, by_trainer, in_place, sentences

LIKE = "datasets_torch"


def measure(said: Any) -> dict[str, float]:
    return {"accuracy": float((said.predictions.argmax(1) == said.label_ids).mean())}


def dataset(count: int) -> Any:
    import datasets
    import torch

    rows = sentences(count, lambda words: int(words[0] > 20))
    return datasets.Dataset.from_dict(
        {name: [torch.as_tensor(row[name]).tolist() for row in rows] for name in rows[0]}
    )


def factory() -> Any:
    from transformers import Trainer, TrainingArguments

    return Trainer(
        model=bert("BertForSequenceClassification"),
        args=TrainingArguments(**in_place()),
        train_dataset=dataset(16).with_format("numpy"),
        eval_dataset=dataset(11),
        compute_metrics=measure,
    )


def direct() -> Direct:
    return by_trainer(factory())
