"""Lightning: a ``LightningModule`` with its data, and the ``Trainer`` that it is meant for."""

from __future__ import annotations

from typing import Any

from torch.utils.data import DataLoader

from ...errors import SaturnError
from ...task import Task
from .adapter import Adapter, is_a
from .lightning_parts import Parts

_PACKAGES = ("lightning.pytorch", "pytorch_lightning")
_MODULES = tuple(f"{package}.core.module.LightningModule" for package in _PACKAGES)
_DATA = tuple(f"{package}.core.datamodule.LightningDataModule" for package in _PACKAGES)
_TRAINERS = tuple(f"{package}.trainer.trainer.Trainer" for package in _PACKAGES)


class LightningAdapter(Adapter):
    """Of a ``LightningModule`` alone, or a tuple of one and, in any order, a ``Trainer`` or a dict
    of its options, and a ``LightningDataModule`` or the loaders to train and to validate.
    """

    def claims(self, made: Any) -> bool:
        parts = made if isinstance(made, tuple) else (made,)
        return any(is_a(part, *_MODULES, *_TRAINERS) for part in parts)

    def adapt(self, made: Any) -> Task:
        from .lightning_task import from_lightning

        return from_lightning(_parts(made))


def _parts(made: Any) -> Parts:
    rest = list(made) if isinstance(made, tuple) else [made]
    module = _take(rest, lambda part: is_a(part, *_MODULES))
    trainer = _take(rest, lambda part: is_a(part, *_TRAINERS) or isinstance(part, dict))
    data = _take(rest, lambda part: is_a(part, *_DATA))
    loaders = tuple(part for part in rest if part is not None)
    known = all(isinstance(part, DataLoader | list | tuple) for part in loaders)
    if module is None or len(loaders) > 2 or (data is not None and loaders) or not known:
        kinds = ", ".join(
            type(part).__name__ for part in (made if isinstance(made, tuple) else [made])
        )
        raise SaturnError(
            "bad-task",
            f"The function returned {kinds}, but Lightning needs a LightningModule and its data.",
            "Return (module, datamodule, trainer) or (module, train_loader, val_loader, trainer).",
        )
    return Parts(made, module, data, loaders, trainer)


def _take(parts: list[Any], wanted: Any) -> Any:
    found = next((part for part in parts if wanted(part)), None)
    if found is not None:
        parts[:] = [part for part in parts if part is not found]
    return found
