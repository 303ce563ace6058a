"""A Trainer whose compute_loss grows stricter with self.state: the step, the epoch."""

from __future__ import annotations

from typing import Any

from fidelity_case import Direct, bert, by_trainer, in_place, sentences


def made() -> Any:
    from transformers import Trainer, TrainingArguments

    class Stricter(Trainer):
        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, **_: Any
        ) -> Any:
            outputs = model(**inputs)
            done = self.state.global_step / max(1, self.state.max_steps)
            late = 1.0 if (self.state.epoch or 0.0) >= 1.5 else 0.0
            loss = outputs.loss + (done + late) * outputs.logits.square().mean()
            return (loss, outputs) if return_outputs else loss

    return Stricter(
        model=bert("BertForSequenceClassification", num_labels=2),
        args=TrainingArguments(**in_place(gradient_accumulation_steps=2)),
        train_dataset=sentences(24, lambda words: int(words.sum() % 2)),
    )


def factory() -> Any:
    return made()


def direct() -> Direct:
    return by_trainer(made())
