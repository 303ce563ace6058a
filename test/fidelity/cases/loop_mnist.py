"""PyTorch's MNIST example as it is: train(), test() and a StepLR an epoch, dropout and all."""

from __future__ import annotations

from typing import Any

import torch
from fidelity_case import Direct
from torch import nn, optim
from torch.nn import functional
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset

LOOP = True


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, 1)
        self.dropout1 = nn.Dropout(0.25)
        self.fc1 = nn.Linear(36, 16)
        self.fc2 = nn.Linear(16, 10)

    def forward(self, x: Any) -> Any:
        x = functional.max_pool2d(functional.relu(self.conv1(x)), 2)
        x = torch.flatten(self.dropout1(x), 1)
        return functional.log_softmax(self.fc2(functional.relu(self.fc1(x))), dim=1)


def train(model: Any, device: Any, train_loader: Any, optimizer: Any, epoch: int) -> None:
    model.train()
    for batch_idx, (data, target) in enumerate(train_loader):
        data, target = data.to(device), target.to(device)
        optimizer.zero_grad()
        loss = functional.nll_loss(model(data), target)
        loss.backward()
        optimizer.step()
        if batch_idx % 2 == 0:
            print(f"Train Epoch: {epoch} [{batch_idx * len(data)}]\tLoss: {loss.item():.6f}")  # noqa: T201


def test(model: Any, device: Any, test_loader: Any) -> None:
    model.eval()
    correct = 0
    with torch.no_grad():
        for data, target in test_loader:
            guess = model(data.to(device)).argmax(dim=1)
            correct += guess.eq(target.to(device)).sum().item()
    print(f"\nTest set: Accuracy: {correct}/{len(test_loader.dataset)}\n")  # noqa: T201


def factory() -> nn.Module:
    torch.manual_seed(1)
    device = torch.device("cpu")
    images = TensorDataset(torch.rand(40, 1, 8, 8), torch.arange(40) % 10)
    train_loader = DataLoader(images, batch_size=16, shuffle=True)
    test_loader = DataLoader(images, batch_size=40)
    model = Net().to(device)
    optimizer = optim.Adadelta(model.parameters(), lr=1.0)
    scheduler = StepLR(optimizer, step_size=1, gamma=0.7)
    for epoch in range(1, 3):
        train(model, device, train_loader, optimizer, epoch)
        test(model, device, test_loader)
        scheduler.step()
    return model


def direct() -> Direct:
    return Direct(factory().state_dict())
