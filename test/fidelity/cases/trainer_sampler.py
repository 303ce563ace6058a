"""A Trainer whose get_train_dataloader draws rare classes more often."""

from __future__ import annotations

from typing import Any

import torch
from fidelity_case import Direct, bert, by_trainer, in_place, sentences
from torch.utils.data import DataLoader, WeightedRandomSampler

LIKE = "subset_sampler"


def factory() -> Any:
    from transformers import Trainer, TrainingArguments

    class Balanced(Trainer):
        def get_train_dataloader(self) -> Any:
            weights = [1.0 + 5 * row["labels"] for row in self.train_dataset]
            drawn = torch.Generator().manual_seed(4)
            return DataLoader(
                self.train_dataset,
                batch_size=4,
                sampler=WeightedRandomSampler(weights, 16, generator=drawn),
                collate_fn=self.data_collator,
            )

    return Balanced(
        model=bert("BertForSequenceClassification", num_labels=2),
        args=TrainingArguments(**in_place()),
        train_dataset=sentences(16, lambda words: int(words.sum() % 4 == 0)),
    )


def direct() -> Direct:
    return by_trainer(factory())
