"""Nothing but a model that computes its loss, a loader of dicts and an optimizer: one line."""

from __future__ import annotations

from typing import Any

import torch
from fidelity_case import Direct
from jupyterlab_saturn.task import Task
from torch import nn
from torch.utils.data import DataLoader


class Classifier(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(20, 8)
        self.last = nn.Linear(8, 3)

    def forward(self, input_ids: Any, mask: Any, labels: Any = None) -> Any:
        embedded = (self.words(input_ids) * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        logits = self.last(embedded)
        loss = None if labels is None else nn.functional.cross_entropy(logits, labels)
        return {"loss": loss, "logits": logits}


def parts() -> tuple[Any, ...]:
    rows = [
        {
            "input_ids": torch.randint(0, 20, (6,)),
            "mask": (torch.arange(6) <= row % 6).float(),
            "labels": row % 3,
        }
        for row in range(24)
    ]
    model = Classifier()
    return model, DataLoader(rows, batch_size=8), torch.optim.Adam(model.parameters(), lr=1e-2)


def factory() -> Task:
    model, loader, optimizer = parts()
    return Task(model, loader, optimizer=optimizer, epochs=3)


def direct() -> Direct:
    model, loader, optimizer = parts()
    for _ in range(3):
        for batch in loader:
            model(**batch)["loss"].backward()
            optimizer.step()
            optimizer.zero_grad()
    return Direct(model.state_dict(), {}, 9)
