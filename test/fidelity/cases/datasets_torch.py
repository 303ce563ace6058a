"""A datasets.Dataset as tensors in a DataLoader: set_format("torch"), columns chosen."""

from __future__ import annotations

from typing import Any

from fidelity_case import Direct, bert, sentences


def parts() -> tuple[Any, ...]:
    import datasets
    import torch
    from torch.utils.data import DataLoader

    rows = sentences(20, lambda words: int(words[0] > 20))
    columns: dict[str, list[Any]] = {
        name: [torch.as_tensor(row[name]).tolist() for row in rows] for name in rows[0]
    }
    data = datasets.Dataset.from_dict({**columns, "text": ["as it was"] * 20})
    data.set_format("torch", columns=["input_ids", "attention_mask", "labels"])
    model = bert("BertForSequenceClassification")
    return model, DataLoader(data, batch_size=8), torch.optim.AdamW(model.parameters(), lr=1e-2)


def factory() -> Any:
    from jupyterlab_saturn.task import Task

    model, loader, optimizer = parts()
    return Task(model, loader, optimizer=optimizer, epochs=2)


def direct() -> Direct:
    model, loader, optimizer = parts()
    model.train()
    for _ in range(2):
        for batch in loader:
            model(**batch).loss.backward()
            optimizer.step()
            optimizer.zero_grad()
    return Direct(model.state_dict(), {}, 6)
