"""Named entities by BERT: padded labels, accumulation, and F1 over whole entities."""

from __future__ import annotations

from typing import Any

import torch
from fidelity_case import Direct, bert, by_trainer, in_place, sentences

LIKE = "gpt2_accumulation"


def entities(tags: Any) -> set[tuple[int, ...]]:
    """Runs of a tag: sentence, first word, word after the last, tag."""
    found = set()
    for row, line in enumerate(tags):
        start = 0
        for end in range(1, len(line) + 1):
            if end == len(line) or line[end] != line[start]:
                if line[start] > 0:
                    found.add((row, start, end, int(line[start])))
                start = end
    return found


def measure(said: Any) -> dict[str, float]:
    known = said.label_ids != -100
    found = entities(said.predictions.argmax(2) * known)
    wanted = entities(said.label_ids * known)
    return {"f1": 2 * len(found & wanted) / max(1, len(found) + len(wanted))}


def tagged(count: int) -> Any:
    rows = sentences(count, lambda words: words % 3)
    for row in rows:
        row["labels"] = torch.where(row["attention_mask"] > 0, row["labels"], -100)
    return rows


def factory() -> Any:
    from transformers import Trainer, TrainingArguments

    return Trainer(
        model=bert("BertForTokenClassification", num_labels=3),
        args=TrainingArguments(**in_place(gradient_accumulation_steps=2)),
        train_dataset=tagged(16),
        eval_dataset=tagged(11),
        compute_metrics=measure,
    )


def direct() -> Direct:
    return by_trainer(factory())
