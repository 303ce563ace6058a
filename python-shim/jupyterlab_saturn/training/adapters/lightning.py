"""Lightning: a ``LightningModule`` with its data."""

from __future__ import annotations

from typing import Any

from ...task import Task
from .adapter import Adapter, is_a

_MODULES = (
    "lightning.pytorch.core.module.LightningModule",
    "pytorch_lightning.core.module.LightningModule",
)


class LightningAdapter(Adapter):
    """Of a tuple ``(LightningModule, DataModule)``.

    A dict of a Lightning ``Trainer``'s options may be its third part.
    """

    def claims(self, made: Any) -> bool:
        return isinstance(made, tuple) and len(made) in (2, 3) and is_a(made[0], *_MODULES)

    def adapt(self, made: Any) -> Task:
        from .lightning_task import from_lightning

        return from_lightning(*made)
