"""The loop of PEFT's notebooks as it is: batch.to(device), model(**batch), a linear rate, tqdm."""

from __future__ import annotations

from typing import Any

import torch
from fidelity_case import Direct, bert, text, word_tokenizer
from torch.utils.data import DataLoader

LIKE = "loop_gpt"

LOOP = True


def factory() -> Any:
    from peft import LoraConfig, get_peft_model
    from tqdm import tqdm
    from transformers import get_linear_schedule_with_warmup

    tokenizer = word_tokenizer()

    def collate_fn(examples: Any) -> Any:
        return tokenizer.pad(examples, padding="longest", return_tensors="pt")

    rows = [{**tokenizer(text(3 + row % 5)), "labels": row % 2} for row in range(24)]
    train_dataloader = DataLoader(rows, shuffle=True, collate_fn=collate_fn, batch_size=8)
    model = get_peft_model(
        bert("BertForSequenceClassification"),
        LoraConfig(task_type="SEQ_CLS", r=4, lora_alpha=8, lora_dropout=0.1),
    )
    optimizer = torch.optim.AdamW(params=model.parameters(), lr=1e-2)
    lr_scheduler = get_linear_schedule_with_warmup(optimizer, 1, len(train_dataloader) * 2)
    for epoch in range(2):
        model.train()
        for batch in tqdm(train_dataloader):
            batch.to("cpu")
            loss = model(**batch).loss
            loss.backward()
            optimizer.step()
            lr_scheduler.step()
            optimizer.zero_grad()
        print(f"epoch {epoch}:", loss.item())  # noqa: T201
    return model


def direct() -> Direct:
    return Direct(factory().state_dict())
