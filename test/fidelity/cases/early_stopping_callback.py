"""EarlyStoppingCallback on the validation loss, beside other metrics."""

from __future__ import annotations

from typing import Any

from fidelity_case import Direct, bert, by_trainer, in_place, sentences


def measure(said: Any) -> dict[str, float]:
    return {"accuracy": float((said.predictions.argmax(1) == said.label_ids).mean())}


def factory() -> Any:
    from transformers import EarlyStoppingCallback, Trainer, TrainingArguments

    args = in_place(
        num_train_epochs=20, eval_strategy="epoch", save_strategy="epoch",
        load_best_model_at_end=True, metric_for_best_model="eval_loss",
    )  # fmt: skip
    return Trainer(
        model=bert("BertForSequenceClassification", num_labels=2),
        args=TrainingArguments(**args),
        train_dataset=sentences(8, lambda words: int(words.sum() % 2)),
        eval_dataset=sentences(9, lambda words: int(words.sum() % 2)),
        compute_metrics=measure,
        callbacks=[EarlyStoppingCallback(early_stopping_patience=2)],
    )


def direct() -> Direct:
    trainer = factory()
    found = by_trainer(trainer)
    assert trainer.state.global_step < 40, "it would not stop"
    return found
