"""A datasets.Dataset of lists of different lengths, padded by the tokenizer in a collate_fn."""

from __future__ import annotations

from typing import Any

from fidelity_case import Direct, bert, text, word_tokenizer


def parts() -> tuple[Any, ...]:
    import datasets
    import torch
    from torch.utils.data import DataLoader

    tokenizer = word_tokenizer()
    raw = datasets.Dataset.from_dict(
        {"text": [text(3 + row % 6) for row in range(24)], "label": [row % 2 for row in range(24)]}
    )
    data = raw.map(lambda rows: tokenizer(rows["text"]), batched=True, remove_columns=["text"])
    data = data.rename_column("label", "labels")

    def collate_fn(examples: list[Any]) -> Any:
        return tokenizer.pad(examples, padding="longest", return_tensors="pt")

    model = bert("BertForSequenceClassification")
    loader = DataLoader(data, batch_size=8, collate_fn=collate_fn)
    return model, loader, torch.optim.AdamW(model.parameters(), lr=1e-2)


def factory() -> Any:
    model, loader, optimizer = parts()
    return model, loader, optimizer


def direct() -> Direct:
    model, loader, optimizer = parts()
    model.train()
    for batch in loader:
        model(**batch).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return Direct(model.state_dict(), {}, 3)
