"""The loop of a Lightning ``Trainer``, with manual optimisation as well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ...errors import SaturnError
from ..adapters import is_a
from ..run.atomic_checkpoint import AtomicCheckpoints
from ..run.model_export import write_weights
from ..runtime.interception import Interception
from .lightning_callback import CHECKPOINT, following_callback, numbers
from .lightning_snapshot import restoring_callback
from .native_loop import NativeLoop

_PACKAGES = ("lightning.pytorch", "pytorch_lightning")
_TRAINERS = tuple(f"{package}.trainer.trainer.Trainer" for package in _PACKAGES)
_MODULES = tuple(f"{package}.core.module.LightningModule" for package in _PACKAGES)
_DATA = tuple(f"{package}.core.datamodule.LightningDataModule" for package in _PACKAGES)
_PARALLEL = "ddp_find_unused_parameters_true"
"""Right for any module: of a GAN, each step leaves the parameters of one network unused."""


class LightningLoop(NativeLoop):
    """`Trainer.fit`, with its own checkpoints and its own parallelism."""

    def __init__(self) -> None:
        self._trainer: Any = None
        self._module: Any = None

    def interceptions(self) -> Sequence[Interception]:
        places = (
            ("trainer.trainer", "Trainer", "__init__", self._set_up),
            ("trainer.trainer", "Trainer", "fit", self._fit),
            # Signals are for the rank: Lightning would fail at the next batch when told to stop.
            (
                "trainer.connectors.signal_connector",
                "_SignalConnector",
                "register_signal_handlers",
                lambda *_: None,
            ),
        )
        return tuple(
            Interception(f"{package}.{module}", owner, method, around)
            for package in _PACKAGES
            for module, owner, method, around in places
        )

    def claims(self, made: Any) -> bool:
        parts = made if isinstance(made, tuple) else ()
        return any(is_a(part, *_MODULES) for part in parts)

    def begin(self, made: Any) -> None:
        module = next(part for part in made if is_a(part, *_MODULES))
        trainer = next((part for part in made if is_a(part, *_TRAINERS)), None)
        options = next((part for part in made if isinstance(part, dict)), {})
        data = next((part for part in made if is_a(part, *_DATA)), None)
        known = (module, trainer, options, data)
        loaders = [part for part in made if not any(part is each for each in known)]
        if trainer is None:
            trainer = _trainer_class(module)(**{"max_epochs": 1, **options})
        trainer.fit(module, *loaders, datamodule=data)

    def was_followed(self) -> bool:
        return self._trainer is not None

    def export(self, made: Any) -> Path:
        path = self.run.paths.model(self.run.spec["name"])
        if self.run.world.is_root:
            write_weights(path, self._module.state_dict(), self.run.claim.attempt)
        return path

    def evaluate(self) -> dict[str, float]:
        return numbers(self._trainer.callback_metrics)  # it has validated where it is to

    def _set_up(self, make: Callable[..., None], _: Any, *args: Any, **options: Any) -> None:
        """Before a `Trainer` is made."""
        run, devices = self.run, self.run.world.size
        given = options.get("strategy", "auto")
        is_cuda = run.device is not None and run.device.kind == "cuda"
        if not isinstance(given, str):
            raise SaturnError(
                "unsupported",
                f"The strategy of the Trainer is a {type(given).__name__}, which cannot be set for "
                "the devices that the task gets.",
                "Name the strategy, e.g. strategy='ddp', or leave it out.",
            )
        if devices == 1:
            options["strategy"] = "auto"
        elif given == "auto":
            options["strategy"] = _PARALLEL
        options |= {
            "devices": devices,
            "num_nodes": 1,
            "accelerator": "gpu" if is_cuda else "cpu",
            "use_distributed_sampler": False,  # batches are divided instead
            "default_root_dir": str(run.folder),
        }
        if not run.keeps:
            options |= {"logger": False, "num_sanity_val_steps": 0}
            if not options.get("callbacks"):  # one that saves would not be allowed
                options["enable_checkpointing"] = False
        for name in ("steps", "epochs"):
            if name in run.spec:
                options[f"max_{name}"] = int(run.spec[name])
        make(*args, **options)

    def _fit(
        self, fit: Callable[..., Any], trainer: Any, model: Any, *args: Any, **options: Any
    ) -> Any:
        self._trainer, self._module = trainer, model
        checkpoints = AtomicCheckpoints(self.run.folder, self.run.identity, self.run.claim)
        found = self.run.world.on_root(checkpoints.newest) if self.run.keeps else None
        newest = None if found is None else checkpoints.path(found)
        restoring = restoring_callback(self.run, trainer, model, newest, CHECKPOINT)
        following = following_callback(self.run, trainer, checkpoints, restoring.sidecar)
        trainer.callbacks = [restoring, *trainer.callbacks, following]
        if newest is not None:
            options["ckpt_path"] = str(newest / CHECKPOINT)
            options["weights_only"] = False  # it is our own, and holds what modules keep
        return fit(model, *args, **options)


def _trainer_class(module: Any) -> Any:
    """Of the package that the module is of: there are two, which do not mix."""
    import importlib

    kind = next(name for name in _MODULES if is_a(module, name))
    return importlib.import_module(_PACKAGES[_MODULES.index(kind)]).Trainer
