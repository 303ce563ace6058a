"""Detection: a collate_fn that makes lists, and a model that returns a dict of losses."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from fidelity_case import Direct
from jupyterlab_saturn.task import Task
from torch import nn
from torch.utils.data import DataLoader

SGD = partial(torch.optim.SGD, lr=0.02, momentum=0.9)


class Detector(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.box, self.label = nn.Linear(4, 4), nn.Linear(4, 2)

    def forward(self, images: Any, targets: Any) -> dict[str, Any]:
        seen = [torch.relu(self.conv(image)).mean((1, 2)) for image in images]
        boxes = [(self.box(s) - t["box"]).abs().mean() for s, t in zip(seen, targets, strict=True)]
        labels = torch.stack([self.label(each) for each in seen])
        wanted = torch.stack([target["label"] for target in targets])
        return {
            "box": torch.stack(boxes).mean(),
            "label": nn.functional.cross_entropy(labels, wanted),
        }


def pairs(samples: list[Any]) -> Any:
    return tuple(zip(*samples, strict=True))


def both(model: Any, batch: Any) -> Any:
    return sum(model(*batch).values())


def said(outputs: Any, _: Any) -> Any:
    return outputs


def parts() -> tuple[Any, ...]:
    data = [
        (torch.randn(1, 6 + row % 3, 6), {"box": torch.rand(4), "label": torch.tensor(row % 2)})
        for row in range(16)
    ]
    return Detector(), DataLoader(data, batch_size=4, collate_fn=pairs)


def whole(samples: list[Any]) -> Any:
    return pairs(samples), ()


def factory() -> Task:
    model, loader = parts()
    return Task(model, loader, said, SGD, forward=both, collate=whole, epochs=2)


def direct() -> Direct:
    model, loader = parts()
    optimizer = SGD(model.parameters())
    for _ in range(2):
        for batch in loader:
            optimizer.zero_grad()
            both(model, batch).backward()
            optimizer.step()
    return Direct(model.state_dict(), {}, 8)
