"""Small tasks to train in tests. Their factories travel by value, as those of a notebook do."""

from __future__ import annotations

import sys
from typing import Any

import cloudpickle
from jupyterlab_saturn.task import Task

cloudpickle.register_pickle_by_value(sys.modules[__name__])


def mlp(
    lr: float = 1e-2,
    batch_size: int = 8,
    script: str = "",
    record: str = "",
    augment: bool = False,
    **task: Any,
) -> Task:
    """A stack of equal blocks on 44 samples: five whole batches of 8 an epoch.

    Parameters
    ----------
    script
        File with what is to go wrong in this attempt: JSON from the name of a mishap to the
        number of the step, counted from 0, at which rank 0 (``-last``: the last rank) meets it.
    record
        File to which every rank adds the losses it sees.
    augment
        Add noise to the samples.
    """
    import json
    import os
    import signal
    from functools import partial
    from pathlib import Path

    import torch
    import torch.distributed as dist
    from torch import nn
    from torch.utils.data import Dataset, TensorDataset

    class Block(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.linear = nn.Linear(width, width)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + torch.tanh(self.linear(x))

    class Noisy(Dataset[Any]):
        def __init__(self, data: TensorDataset) -> None:
            self.data = data

        def __len__(self) -> int:
            return len(self.data)

        def __getitem__(self, index: int) -> Any:
            inputs, target = self.data[index]
            return inputs + 0.1 * torch.randn(6), target

    rank, ranks = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
    mishaps = json.loads(Path(script).read_text()) if script and Path(script).exists() else {}
    calls = 0

    def meets(mishap: str) -> bool:
        return (rank == 0 and mishaps.get(mishap) == calls) or (
            rank == ranks - 1 and mishaps.get(f"{mishap}-last") == calls
        )

    def loss(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        nonlocal calls
        value: torch.Tensor = nn.functional.cross_entropy(outputs, targets)
        if record:
            with open(record, "a") as file:
                file.write(f"{calls} {value.item()!r}\n")
        if meets("terminate"):
            os.kill(os.getpid(), signal.SIGTERM)
        if meets("kill"):
            os.kill(os.getpid(), signal.SIGKILL)
        if meets("raise"):
            raise ValueError("the labels are wrong")
        if meets("nan"):
            value = value * float("nan")
        calls += 1
        return value

    def accuracy(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        right: torch.Tensor = outputs.argmax(1) == targets
        share: torch.Tensor = right.float().mean()
        return share

    def one_cycle(optimizer: torch.optim.Optimizer, steps: int) -> Any:
        return torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=lr, total_steps=steps)

    data: Any = TensorDataset(torch.randn(44, 6), torch.randint(0, 3, (44,)))
    fields: dict[str, Any] = {
        "model": nn.Sequential(
            nn.Linear(6, 10), nn.Sequential(*(Block(10) for _ in range(3))), nn.Linear(10, 3)
        ),
        "data": Noisy(data) if augment else data,
        "loss": loss,
        "optimizer": partial(torch.optim.AdamW, lr=lr),
        "batch_size": batch_size,
        "schedule": one_cycle,
        "eval_data": TensorDataset(torch.randn(23, 6), torch.randint(0, 3, (23,))),
        "metrics": {"accuracy": accuracy, "loss": nn.functional.cross_entropy},
    }
    return Task(**{**fields, **task})


def hog(megabytes: int, batch_size: int = 2) -> Task:
    """A model that takes so much memory in its forward pass."""
    from functools import partial

    import torch
    from torch import nn
    from torch.utils.data import TensorDataset

    class Hog(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(2, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            ballast = torch.ones(megabytes << 18)  # 4 bytes each
            outputs: torch.Tensor = self.linear(x)
            return outputs * ballast[0]

    return Task(
        model=Hog(),
        data=TensorDataset(torch.randn(8, 2), torch.randn(8, 2)),
        loss=nn.functional.mse_loss,
        optimizer=partial(torch.optim.SGD, lr=0.1),
        batch_size=batch_size,
    )


def broken(lr: float) -> Task:
    """A factory that raises."""
    raise ValueError(f"no such rate: {lr}")


def misfit(part: str) -> Task:
    """A task with one part that is not what it must be."""
    from dataclasses import replace
    from functools import partial

    import torch
    from torch import nn

    wrong: dict[str, dict[str, Any]] = {
        "no optimizer": {"optimizer": lambda parameters: None},
        "wrong argument": {"optimizer": partial(torch.optim.SGD, speed=1)},
        "metrics": {"metrics": [nn.MSELoss()]},
        "schedule": {"schedule": 3},
        "epochs": {"epochs": "two"},
        "layers": {"model": nn.Sequential(nn.LazyLinear(3))},
    }
    return replace(mlp(), **wrong[part])


def not_a_task() -> Any:
    """A factory that forgets to make a Task."""
    return {"model": None}
