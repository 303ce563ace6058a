"""The sweep that all ways train: twelve classifiers of digits and four small language models."""

from __future__ import annotations

import itertools
from functools import partial
from typing import Any

import torch
from jupyterlab_saturn.task import Task
from torch import nn
from torch.utils.data import TensorDataset

_SEED = 7
_EPOCHS = {"mlp": 40, "cnn": 12, "vit": 3}
_GPT_STEPS = 120
_WORDS, _LENGTH = 128, 32

Point = dict[str, Any]
"""What the factory is called with."""


def sweeps(scale: float) -> list[dict[str, list[Any]]]:
    """Values of the factory's parameters, each with each: as two cells of a notebook.

    Parameters
    ----------
    scale
        By how much to make all tasks longer.
    """
    rates = [1e-3, 3e-3]
    return [
        {"model": ["mlp", "cnn", "vit"], "batch_size": [32, 64], "lr": rates, "scale": [scale]},
        {"model": ["gpt-2", "gpt-4"], "batch_size": [16], "lr": rates, "scale": [scale]},
    ]


def grid(scale: float) -> list[Point]:
    """The parameters of all tasks, in the order in which a loop would go through them."""
    return [
        dict(zip(values, point, strict=True))
        for values in sweeps(scale)
        for point in itertools.product(*values.values())
    ]


def name(point: Point) -> str:
    """Of the task of a point."""
    return f"{point['model']}-{point['batch_size']}-{point['lr']:g}"


def make(model: str, batch_size: int, lr: float, scale: float) -> Task:
    """A task, the same whoever trains it."""
    torch.manual_seed(_SEED)
    optimizer = partial(torch.optim.AdamW, lr=lr)
    if model.startswith("gpt"):
        words = torch.randint(0, _WORDS, (512, _LENGTH + 1))
        return Task(
            model=_gpt(int(model.removeprefix("gpt-"))),
            data=TensorDataset(words[:, :-1], words[:, 1:]),
            loss=_by_word,
            optimizer=optimizer,
            batch_size=batch_size,
            steps=max(1, round(_GPT_STEPS * scale)),
            eval_data=TensorDataset(words[:64, :-1], words[:64, 1:]),
        )
    train, held_out = digits()
    return Task(
        model={"mlp": _mlp, "cnn": _cnn, "vit": _ViT}[model](),
        data=train,
        loss=nn.functional.cross_entropy,
        optimizer=optimizer,
        batch_size=batch_size,
        steps=max(1, round(_EPOCHS[model] * scale * (len(train) // batch_size))),
        eval_data=held_out,
        metrics={"accuracy": _accuracy},
    )


def digits() -> tuple[TensorDataset, TensorDataset]:
    """Images of digits to train with, and those that are held out."""
    from sklearn.datasets import load_digits

    found = load_digits()
    images = torch.tensor(found.images, dtype=torch.float32).unsqueeze(1) / 16
    labels = torch.tensor(found.target)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    train, held_out = order[360:], order[:360]
    return (
        TensorDataset(images[train], labels[train]),
        TensorDataset(images[held_out], labels[held_out]),
    )


def _accuracy(outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return (outputs.argmax(dim=1) == labels).float().mean()


def _by_word(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return nn.functional.cross_entropy(outputs.flatten(0, 1), targets.flatten())


def _mlp() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))


def _cnn() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(512, 10),
    )


def _layers(width: int, depth: int) -> nn.ModuleList:
    options: dict[str, Any] = {"dropout": 0.0, "batch_first": True, "norm_first": True}
    return nn.ModuleList(
        nn.TransformerEncoderLayer(width, 4, 2 * width, **options) for _ in range(depth)
    )


class _ViT(nn.Module):
    def __init__(self, width: int = 64, depth: int = 2) -> None:
        super().__init__()
        self.patches = nn.Conv2d(1, width, 2, stride=2)
        self.positions = nn.Parameter(0.02 * torch.randn(1, 16, width))
        self.blocks = _layers(width, depth)
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 10))

    def forward(self, images: torch.Tensor) -> Any:
        tokens = self.patches(images).flatten(2).transpose(1, 2) + self.positions
        for block in self.blocks:
            tokens = block(tokens)
        return self.head(tokens.mean(dim=1))


class _GPT(nn.Module):
    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.words = nn.Embedding(_WORDS, width)
        self.positions = nn.Parameter(0.02 * torch.randn(1, _LENGTH, width))
        self.blocks = _layers(width, depth)
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, _WORDS))
        mask = nn.Transformer.generate_square_subsequent_mask(_LENGTH)
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, words: torch.Tensor) -> Any:
        hidden = self.words(words) + self.positions
        for block in self.blocks:
            hidden = block(hidden, src_mask=self.mask)
        return self.head(hidden)


def _gpt(depth: int) -> nn.Module:
    return _GPT(96, depth)
