"""What Lightning's own checkpoints leave out: what callbacks, module and data have noted."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ..adapters.overrides import comes_from
from ..model.function_code import is_own
from .attribute_snapshot import AttributeSnapshot, own_parts
from .checkpoint_sidecar import CheckpointSidecar
from .native_loop import NativeRun

_LIBRARIES = (__name__.partition(".")[0], "lightning", "pytorch_lightning", "lightning_fabric")
_AT_EPOCHS = ("StochasticWeightAveraging",)
"""Callbacks of the library's that go on from the beginning of an epoch only."""


def restoring_callback(
    run: NativeRun, trainer: Any, module: Any, newest: Path | None, checkpoint: str
) -> Any:
    """A callback that has it restored, of the package that the Trainer is of.

    To be called before all others.
    """
    package = type(trainer).__module__.removesuffix(".trainer.trainer")
    base = importlib.import_module(package).Callback
    kind = type("RestoringCallback", (_Restoring, base), {})
    return kind(run, trainer, module, newest, checkpoint)


class _Restoring:
    """Has it restored before the first batch.

    Attributes
    ----------
    sidecar
        What is saved with each checkpoint.
    """

    def __init__(
        self, run: NativeRun, trainer: Any, module: Any, newest: Path | None, checkpoint: str
    ) -> None:
        self._trainer = trainer
        self._module = module
        plain = _class_of_library(module)()

        def reload(folder: Path) -> None:
            found = torch.load(folder / checkpoint, map_location="cpu", weights_only=False)
            module.load_state_dict(found["state_dict"])

        self.sidecar = CheckpointSidecar(
            run,
            module,
            lambda: AttributeSnapshot(
                self._owners,
                self._known,
                dict,
                left_out=lambda thing: vars(plain) if isinstance(thing, torch.nn.Module) else (),
                trouble=self._trouble(),
            ),
            newest,
            reload,
            gradients=not module.automatic_optimization,
        )

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        self.sidecar.look()

    def on_train_batch_start(self, *_: Any) -> None:
        self.sidecar.restore()

    def _trouble(self) -> str | None:
        kinds = [type(each).__name__ for each in self._trainer.callbacks]
        found = [name for name in kinds if name in _AT_EPOCHS]
        return f"{found[0]} goes on from the beginning of an epoch only" if found else None

    def _owners(self) -> Mapping[str, Any]:
        callbacks = [e for e in self._trainer.callbacks if not comes_from(type(e), _LIBRARIES)]
        data = self._trainer.datamodule
        return {
            **{f"callback {i} {type(each).__name__}": each for i, each in enumerate(callbacks)},
            **own_parts(self._module),
            **({"the data": data} if data is not None and is_own(type(data)) else {}),
        }

    def _known(self) -> Mapping[str, Any]:
        trainer = self._trainer
        optimizers = {f"optimizer {i}": each for i, each in enumerate(trainer.optimizers)}
        return {"trainer": trainer, "model": self._module, **optimizers}


def _class_of_library(module: Any) -> Any:
    return next(
        kind
        for kind in type(module).__mro__
        if kind.__name__ == "LightningModule" and comes_from(kind, _LIBRARIES)
    )
