"""Prompt tuning by peft in a Trainer: the prompts that were learned are in the model."""

from __future__ import annotations

from typing import Any

import torch
from fidelity_case import Direct, by_trainer, in_place, llama


def factory() -> Any:
    from peft import PromptTuningConfig, get_peft_model
    from transformers import Trainer, TrainingArguments

    config = PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=3)
    mask = torch.ones(7, dtype=torch.long)
    rows = [
        {"input_ids": words, "labels": words, "attention_mask": mask}
        for words in torch.randint(2, 40, (16, 7))
    ]
    return Trainer(
        model=get_peft_model(llama(), config),
        args=TrainingArguments(**in_place(max_steps=6)),
        train_dataset=rows,
        eval_dataset=rows[:5],
    )


def direct() -> Direct:
    return by_trainer(factory())
