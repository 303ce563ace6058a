"""A function that calls train() itself, as the notebook's cell did."""

from __future__ import annotations

from fidelity_case import bert, in_place, sentences

REFUSED = "trains by itself"


def factory() -> None:
    from transformers import Trainer, TrainingArguments

    trainer = Trainer(
        model=bert("BertForSequenceClassification"),
        args=TrainingArguments(**in_place()),
        train_dataset=sentences(16, lambda words: int(words[0] > 20)),
    )
    trainer.train()
    trainer.evaluate()
