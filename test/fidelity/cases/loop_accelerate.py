"""A script with accelerate as it is: prepare, backward, gather_for_metrics, no word of steps."""

from __future__ import annotations

from typing import Any

import torch
from fidelity_case import Direct
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

LOOP = True


def factory() -> Any:
    from accelerate import Accelerator

    accelerator = Accelerator(cpu=True)
    data = TensorDataset(torch.randn(24, 4), torch.arange(24) % 3)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))
    model, optimizer, train_dl, eval_dl = accelerator.prepare(
        model,
        torch.optim.AdamW(model.parameters(), lr=1e-2),
        DataLoader(data, batch_size=8, shuffle=True),
        DataLoader(data, batch_size=8),
    )
    for epoch in range(2):
        model.train()
        for inputs, targets in train_dl:
            loss = nn.functional.cross_entropy(model(inputs), targets)
            accelerator.backward(loss)
            optimizer.step()
            optimizer.zero_grad()
        model.eval()
        right = 0
        for inputs, targets in eval_dl:
            with torch.no_grad():
                guess = model(inputs).argmax(1)
            guess, targets = accelerator.gather_for_metrics((guess, targets))
            right += int((guess == targets).sum())
        accelerator.print(f"epoch {epoch}: {right / 24:.3f}")
    return accelerator.unwrap_model(model)


def direct() -> Direct:
    return Direct(factory().state_dict())
