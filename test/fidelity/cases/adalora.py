"""AdaLoRA by peft in a Trainer: adapters that add a penalty to the loss of the model."""

from __future__ import annotations

from typing import Any

import torch
from fidelity_case import in_place, llama

NATIVE = "AdaLoraModel of PEFT has its own forward"


def factory() -> Any:
    from peft import AdaLoraConfig, get_peft_model
    from transformers import Trainer, TrainingArguments

    config = AdaLoraConfig(
        task_type="CAUSAL_LM", target_modules=["q_proj", "v_proj"], init_r=4, target_r=2,
        total_step=6, tinit=1, tfinal=1,
    )  # fmt: skip
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
