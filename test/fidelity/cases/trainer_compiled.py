"""torch.compile around the model of a Trainer, with weight decay by name."""

from __future__ import annotations

from typing import Any

import torch
from fidelity_case import Direct, bert, by_trainer, in_place, sentences

LIKE = "torch_compile"


def factory() -> Any:
    from transformers import Trainer, TrainingArguments

    model = bert("BertForSequenceClassification")
    return Trainer(
        # Not for its speed: no C++ compiler is needed.
        model=torch.compile(model, backend="eager", dynamic=False),
        args=TrainingArguments(
            # The keys' biases get no gradient but rounding, of which Adam would make steps.
            **in_place(num_train_epochs=1, remove_unused_columns=False, adam_epsilon=1e-5)
        ),
        train_dataset=sentences(12, lambda words: int(words[0]) % 2),
    )


def direct() -> Direct:
    made = by_trainer(factory())
    weights = {name.removeprefix("_orig_mod."): each for name, each in made.weights.items()}
    return Direct(weights, made.metrics, made.steps)
