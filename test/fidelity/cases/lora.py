"""LoRA by peft in a Task: a frozen Llama, batches of dicts, the loss of the model."""

from __future__ import annotations

from typing import Any

import torch
from fidelity_case import Direct, llama
from jupyterlab_saturn.task import Task
from torch.utils.data import DataLoader


def parts() -> tuple[Any, ...]:
    from peft import LoraConfig, get_peft_model

    adapted = LoraConfig(r=2, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    model = get_peft_model(llama(), adapted)
    words = torch.randint(0, 40, (16, 6))
    rows = [{"input_ids": each, "labels": each} for each in words]
    trained = [p for p in model.parameters() if p.requires_grad]
    return model, DataLoader(rows, batch_size=4), torch.optim.AdamW(trained, lr=1e-2)


def factory() -> Task:
    model, loader, optimizer = parts()
    return Task(model, loader, optimizer=optimizer, epochs=2)


def direct() -> Direct:
    model, loader, optimizer = parts()
    for _ in range(2):
        for batch in loader:
            model(**batch).loss.backward()
            optimizer.step()
            optimizer.zero_grad()
    return Direct(model.state_dict(), {}, 8)
