"""Summaries by T5, measured on what it generates."""

from __future__ import annotations

from typing import Any

import torch
from fidelity_case import Direct, by_trainer, in_place

LEFT_OUT = {"fsdp": "its evaluation uses the model otherwise"}


def measure(said: Any) -> dict[str, float]:
    wanted = said.label_ids
    found = said.predictions[:, 1 : wanted.shape[1] + 1]
    wanted = wanted[:, : found.shape[1]]
    return {"same": float((found == wanted).mean()), "length": float(said.predictions.shape[1])}


def factory() -> Any:
    from transformers import (
        Seq2SeqTrainer,
        Seq2SeqTrainingArguments,
        T5Config,
        T5ForConditionalGeneration,
    )

    config = T5Config(
        vocab_size=20, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2, dropout_rate=0.0,
        decoder_start_token_id=0, pad_token_id=0, eos_token_id=1,
    )  # fmt: skip
    words = torch.randint(2, 20, (23, 8))
    rows = [{"input_ids": each, "labels": each[:4].clone()} for each in words]
    args = in_place(predict_with_generate=True, generation_max_length=6)
    return Seq2SeqTrainer(
        model=T5ForConditionalGeneration(config),
        args=Seq2SeqTrainingArguments(**args),
        train_dataset=rows[:16],
        eval_dataset=rows[16:],
        compute_metrics=measure,
    )


def direct() -> Direct:
    return by_trainer(factory())
