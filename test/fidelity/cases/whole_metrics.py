"""F1, Matthews and Pearson: metrics that cannot be averaged over batches, two held-out sets."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from fidelity_case import Direct, answers, loop
from jupyterlab_saturn.task import Task
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SGD = partial(torch.optim.SGD, lr=0.1)


def measure(outputs: Any, targets: Any) -> dict[str, float]:
    from sklearn.metrics import f1_score, matthews_corrcoef

    found = outputs.argmax(1)
    scores = torch.stack([outputs[:, 1].double(), targets.double()])
    return {
        "f1": float(f1_score(targets, found, average="macro")),
        "mcc": float(matthews_corrcoef(targets, found)),
        "pearson": float(torch.corrcoef(scores)[0, 1]),
    }


def parts() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))
    data = TensorDataset(torch.randn(32, 6), torch.randint(0, 3, (32,)))
    held_out = {
        name: TensorDataset(torch.randn(count, 6), torch.randint(0, 3, (count,)))
        for name, count in (("near", 37), ("far", 11))
    }
    return model, DataLoader(data, batch_size=8), held_out


def factory() -> Task:
    model, loader, held_out = parts()
    return Task(
        model=model,
        data=loader,
        loss=nn.CrossEntropyLoss(),
        optimizer=SGD,
        eval_data=held_out,
        metrics=measure,
        epochs=4,
    )


def direct() -> Direct:
    model, loader, held_out = parts()
    steps = loop(model, loader, nn.CrossEntropyLoss(), SGD(model.parameters()), 4)
    metrics = {}
    for name, data in held_out.items():
        inputs, targets = data[:]
        found = {
            **measure(answers(model, inputs), targets),
            "loss": float(nn.functional.cross_entropy(answers(model, inputs), targets)),
        }
        metrics.update({f"{name}_{key}": value for key, value in found.items()})
    return Direct(model.state_dict(), metrics, steps)
