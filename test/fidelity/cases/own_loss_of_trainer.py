"""A Trainer whose compute_loss weighs classes, and whose optimizer is slower in lower layers."""

from __future__ import annotations

from typing import Any

import torch
from fidelity_case import Direct, bert, by_trainer, in_place, sentences


def factory() -> Any:
    from transformers import Trainer, TrainingArguments

    class Weighted(Trainer):
        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, **_: Any
        ) -> Any:
            outputs = model(**{k: v for k, v in inputs.items() if k != "labels"})
            weight = torch.tensor([1.0, 9.0])
            loss = torch.nn.functional.cross_entropy(outputs.logits, inputs["labels"], weight)
            return (loss, outputs) if return_outputs else loss

        def create_optimizer(self, model: Any = None) -> Any:
            groups = [
                {"params": self.model.bert.parameters(), "lr": 1e-3},
                {"params": self.model.classifier.parameters(), "lr": 1e-2},
            ]
            self.optimizer = torch.optim.AdamW(groups)
            return self.optimizer

    return Weighted(
        model=bert("BertForSequenceClassification", num_labels=2),
        args=TrainingArguments(**in_place()),
        train_dataset=sentences(16, lambda words: int(words.sum() % 4 == 0)),
    )


def direct() -> Direct:
    return by_trainer(factory())
