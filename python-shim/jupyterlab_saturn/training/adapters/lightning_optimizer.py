"""The optimizer and the schedule that a LightningModule configures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch.optim.lr_scheduler import ReduceLROnPlateau

from ..components.seeding import undisturbed
from .adapter import NeedsNative

_FOLLOWED = ("scheduler", "interval", "frequency", "monitor", "name")
_OPTIONS: Mapping[str, Any] = {"strict": True, "reduce_on_plateau": False}


class Configuration:
    """What ``configure_optimizers`` makes of the parameters as a technique placed them.

    Parameters
    ----------
    batches
        Of an epoch.

    Attributes
    ----------
    every
        What the schedule is stepped by: ``"step"`` or ``"epoch"``.
    monitor
        The metric that it follows; None for one that follows none.

    Raises
    ------
    NeedsNative
        For other than one optimizer and at most one schedule by step, epoch or evaluation.
    """

    def __init__(self, module: Any, made: Any, batches: int, parts: int) -> None:
        self._module = module
        with undisturbed():
            first = self._configured(made)
        optimizers, self._scheduler = first
        self.every = str(self._option("interval", "epoch"))
        self.monitor: str | None = None
        self._frequency = int(self._option("frequency", 1))
        if not optimizers:
            raise NeedsNative("it has no optimizer", made)
        module.trainer.optimizers = optimizers  # what its steps may look at before they are made
        odd = [name for name, value in self._options() if value is not _OPTIONS.get(name)]
        if odd:
            raise NeedsNative(f"its lr_scheduler says {odd[0]}", made)
        if isinstance(self._bare(), ReduceLROnPlateau):
            self.monitor = str(self._option("monitor", "loss"))
            if self.every != "epoch" or self._frequency != 1:
                raise NeedsNative("its learning rate follows a metric by other than epochs", made)
        uneven = parts > 1 or batches % self._frequency != 0
        if self.every == "step" and self._frequency > 1 and uneven:
            raise NeedsNative(f"its schedule is stepped by every {self._frequency} batches", made)

    def optimizer(self, _: Any) -> torch.optim.Optimizer:
        """Called for the parameters of the module itself, which are those to be trained."""
        optimizers, self._scheduler = self._configured(None)
        made = optimizers[0]
        self._module.trainer.optimizers = [made]
        return made  # type: ignore[no-any-return]

    def is_scheduled(self) -> bool:
        return self._scheduler is not None

    def schedule(self, optimizer: torch.optim.Optimizer, steps: int) -> Any:
        """The scheduler made with the optimizer."""
        bare = self._bare()
        return bare if self._frequency == 1 else _Every(self._frequency, bare)

    def _configured(self, made: Any) -> tuple[list[Any], Any]:
        """The optimizer in a list, which may be empty, and the scheduler or None."""
        said = self._module.configure_optimizers()
        if isinstance(said, Mapping):
            optimizers, schedulers = said["optimizer"], said.get("lr_scheduler")
        elif isinstance(said, list | tuple) and said and isinstance(said[0], list | tuple):
            optimizers, schedulers = said[0], said[1]
        else:
            optimizers, schedulers = said, None
        listed = [_as_list(optimizers), _as_list(schedulers)]
        if len(listed[0]) > 1 or len(listed[1]) > 1:
            raise NeedsNative(
                f"configure_optimizers makes {len(listed[0])} optimizers and {len(listed[1])} "
                "schedulers",
                made,
            )
        return listed[0], listed[1][0] if listed[1] else None

    def _options(self) -> list[tuple[str, Any]]:
        """What is said of the schedule and not followed here, unless it is as it is anyway."""
        said = self._scheduler if isinstance(self._scheduler, Mapping) else {}
        return [(name, value) for name, value in said.items() if name not in _FOLLOWED]

    def _option(self, name: str, otherwise: Any) -> Any:
        said = self._scheduler
        return said.get(name, otherwise) if isinstance(said, Mapping) else otherwise

    def _bare(self) -> Any:
        said = self._scheduler
        return said["scheduler"] if isinstance(said, Mapping) else said


class _Every:
    """A scheduler that is stepped once in so many times."""

    def __init__(self, times: int, scheduler: Any) -> None:
        self._every = times
        self._scheduler = scheduler
        self._times = 0

    def step(self) -> None:
        self._times += 1
        if self._times % self._every == 0:
            self._scheduler.step()

    def state_dict(self) -> dict[str, Any]:
        return {"times": self._times, "scheduler": self._scheduler.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._times = state["times"]
        self._scheduler.load_state_dict(state["scheduler"])


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
