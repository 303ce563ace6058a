"""PyTorch: a model, its loaders, a loss and an optimizer, as a tuple in place of a Task."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils.data import DataLoader

from ...errors import SaturnError
from ...task import Task
from .adapter import Adapter


class PyTorchAdapter(Adapter):
    """Of a tuple of a module, one or two ``DataLoader``, and a loss and an optimizer if given."""

    def claims(self, made: Any) -> bool:
        return (
            isinstance(made, tuple)
            and any(isinstance(part, torch.nn.Module) for part in made)
            and any(isinstance(part, DataLoader) for part in made)
        )

    def adapt(self, made: Any) -> Task:
        model, *rest = made
        loaders = [part for part in rest if isinstance(part, DataLoader)]
        optimizers = [part for part in rest if isinstance(part, torch.optim.Optimizer)]
        others = [part for part in rest if not isinstance(part, DataLoader | torch.optim.Optimizer)]
        known = isinstance(model, torch.nn.Module) and all(callable(part) for part in others)
        if not known or len(loaders) > 2 or len(optimizers) > 1 or len(others) > 1:
            raise SaturnError(
                "bad-task",
                f"The function returned {', '.join(type(part).__name__ for part in made)}, and "
                "which is what is not known.",
                "Return Task(model, loader, loss, optimizer).",
            )
        parts: dict[str, Any] = {"eval_data": loaders[1] if len(loaders) > 1 else None}
        parts |= {"loss": others[0]} if others else {}
        parts |= {"optimizer": optimizers[0]} if optimizers else {}
        return Task(model, loaders[0], **parts)  # type: ignore[arg-type]
