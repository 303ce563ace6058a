"""Text classification by BERT: Matthews' correlation chooses the model that is kept."""

from __future__ import annotations

from typing import Any

from fidelity_case import Direct, bert, by_trainer, in_place, sentences

LIKE = "stsb_pearson"


def measure(said: Any) -> dict[str, float]:
    from sklearn.metrics import matthews_corrcoef

    return {"mcc": float(matthews_corrcoef(said.label_ids, said.predictions.argmax(1)))}


def factory() -> Any:
    from transformers import Trainer, TrainingArguments

    args = in_place(
        num_train_epochs=4, eval_strategy="epoch", save_strategy="epoch",
        load_best_model_at_end=True, metric_for_best_model="mcc", greater_is_better=True,
    )  # fmt: skip
    return Trainer(
        model=bert("BertForSequenceClassification", num_labels=2),
        args=TrainingArguments(**args),
        train_dataset=sentences(16, lambda words: int(words.sum() % 2)),
        eval_dataset=sentences(23, lambda words: int(words.sum() % 2)),
        compute_metrics=measure,
    )


def direct() -> Direct:
    return by_trainer(factory())
