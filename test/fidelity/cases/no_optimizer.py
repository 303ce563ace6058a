"""One line without an optimizer: a model, a loader and a loss."""

from __future__ import annotations

import torch
from fidelity_case import Direct, loop
from jupyterlab_saturn.task import Task
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def factory() -> Task:
    return Task(*parts())


def parts() -> tuple[nn.Module, DataLoader[list[torch.Tensor]], nn.Module]:
    data = TensorDataset(torch.randn(16, 4), torch.randn(16, 1))
    return nn.Linear(4, 1), DataLoader(data, batch_size=4), nn.MSELoss()


def direct() -> Direct:
    model, loader, loss = parts()
    steps = loop(model, loader, loss, torch.optim.AdamW(model.parameters()), 1)
    return Direct(model.state_dict(), steps=steps)
