"""A function that forgot its return."""

from __future__ import annotations

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

REFUSED = "return"


def factory() -> None:
    model = nn.Linear(4, 1)
    data = TensorDataset(torch.randn(16, 4), torch.randn(16, 1))
    _ = model, DataLoader(data, batch_size=4), nn.MSELoss(), torch.optim.SGD(model.parameters())
