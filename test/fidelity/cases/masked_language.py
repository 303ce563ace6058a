"""Masked language modelling: the collator draws the masks."""

from __future__ import annotations

from typing import Any

import torch
from fidelity_case import bert, in_place, sentences

ALIKE = True


def masked(rows: list[Any]) -> Any:
    words = torch.stack([row["input_ids"] for row in rows])
    hidden = (torch.rand(words.shape) < 0.3) & (words > 0)
    labels = torch.where(hidden, words, -100)
    return {"input_ids": words.masked_fill(hidden, 1), "labels": labels}


def factory() -> Any:
    from transformers import Trainer, TrainingArguments

    return Trainer(
        model=bert("BertForMaskedLM"),
        args=TrainingArguments(**in_place(train_sampling_strategy="random")),
        train_dataset=sentences(18, lambda words: 0),
        data_collator=masked,
    )
