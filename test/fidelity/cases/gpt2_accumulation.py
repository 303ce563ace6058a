"""GPT-2 with padded labels and accumulation: a mean over the tokens of all its parts."""

from __future__ import annotations

from typing import Any

import torch
from fidelity_case import Direct, by_trainer, in_place, sentences


def factory() -> Any:
    from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments

    config = GPT2Config(
        vocab_size=40, n_positions=16, n_embd=16, n_layer=2, n_head=2, resid_pdrop=0.0,
        embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=1, eos_token_id=1,
    )  # fmt: skip
    rows = sentences(24, lambda words: words.clone())
    for row in rows:
        row["labels"] = torch.where(row["attention_mask"] > 0, row["labels"], -100)
    return Trainer(
        model=GPT2LMHeadModel(config),
        args=TrainingArguments(
            # The keys' biases get no gradient but rounding, of which Adam would make steps.
            **in_place(gradient_accumulation_steps=4, learning_rate=1e-3, adam_epsilon=1e-5)
        ),
        train_dataset=rows,
    )


def direct() -> Direct:
    return by_trainer(factory())
