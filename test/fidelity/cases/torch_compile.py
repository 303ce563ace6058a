"""torch.compile around a model, as a notebook does it before its loop."""

from __future__ import annotations

from typing import Any

import torch
from fidelity_case import Direct, answers, loop
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def parts() -> tuple[Any, ...]:
    net = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 3))
    # Not for its speed: no C++ compiler is needed.
    model = torch.compile(net, backend="aot_eager")
    train, held_out = (
        DataLoader(TensorDataset(torch.randn(rows, 4), torch.arange(rows) % 3), batch_size=8)
        for rows in (24, 12)
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    return model, train, held_out, nn.CrossEntropyLoss(), optimizer


def factory() -> Any:
    from jupyterlab_saturn.task import Task

    model, train, held_out, loss, optimizer = parts()
    return Task(model, train, loss, optimizer, eval_data=held_out, epochs=3)


def direct() -> Direct:
    model, train, held_out, loss, optimizer = parts()
    steps = loop(model, train, loss, optimizer, epochs=3)
    inputs, targets = held_out.dataset.tensors
    metrics = {"loss": float(loss(answers(model, inputs), targets))}
    return Direct(model._orig_mod.state_dict(), metrics, steps)
