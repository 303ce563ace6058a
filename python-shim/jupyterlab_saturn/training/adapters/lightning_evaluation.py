"""Validation of a LightningModule, as Lightning's own loop goes about it."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset, default_collate

from ...scalar_log import log_foreign
from .adapter import is_a
from .data_loader import unpack_eval
from .lightning_trainer import TrainerInPlace

_METRIC = "torchmetrics.metric.Metric"


class HeldOutBatches(Dataset[Any]):
    """The batches of validation loaders as they make them, each a sample of its own.

    A sample is the number of the loader, that of the batch, and the batch.
    """

    def __init__(self, loaders: Sequence[DataLoader[Any]], limit: float) -> None:
        self._parts = [unpack_eval(loader) for loader in loaders]
        self._places: list[tuple[int, int, range]] = []
        for number, part in enumerate(self._parts):
            count, size = len(part.data), part.batch_size  # type: ignore[arg-type]
            batches = -(-count // size)
            wanted = int(batches * limit) if isinstance(limit, float) else min(batches, limit)
            self._places += [
                (number, index, range(index * size, min(count, (index + 1) * size)))
                for index in range(wanted)
            ]
        self.counts = [
            sum(1 for number, *_ in self._places if number == each)
            for each in range(len(self._parts))
        ]

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, place: int) -> tuple[int, int, Any]:
        number, index, samples = self._places[place]
        part = self._parts[number]
        data: Any = part.data
        return number, index, (part.collate or default_collate)([data[each] for each in samples])


def the_only(samples: list[Any]) -> Any:
    """A collate for samples that are batches already."""
    (batch,) = samples
    return batch


@dataclass
class _Logged:
    """A value as it grows over the batches that log it; see Lightning's ``self.log``."""

    reduce: str
    total: float = 0.0
    weight: float = 0.0
    metric: Any = None

    def add(self, value: Any, weight: int) -> None:
        if is_a(value, _METRIC):
            self.metric = value
            return
        number = float(value)
        if self.reduce == "mean":
            self.total += number * weight
        elif self.weight == 0 or self.reduce == "sum":
            self.total += number
        else:
            self.total = {"max": max, "min": min}[self.reduce](self.total, number)
        self.weight += weight

    def value(self) -> float:
        if self.metric is not None:
            return float(self.metric.compute())
        return self.total / self.weight if self.reduce == "mean" else self.total


@dataclass
class LightningEvaluation:
    """A `Task.evaluation`: ``validation_step`` on `HeldOutBatches`, hooks and logging with it."""

    module: Any
    trainer: TrainerInPlace
    loaders: int
    _logged: dict[str, _Logged] = field(default_factory=dict)
    _returned: _Logged = field(default_factory=lambda: _Logged("mean"))

    def begin(self, step: int) -> None:
        self._logged, self._returned = {}, _Logged("mean")
        for part in self.module.modules():
            if is_a(part, _METRIC):  # each rank sees everything: nothing is to be added up
                part.sync_on_compute = part._to_sync = False
        self.trainer.before_validation(step)
        with self._logging(""):
            self.module.on_validation_start()
            self.module.on_validation_epoch_start()

    def batch(self, model: torch.nn.Module, batch: Any, index: int) -> None:
        number, place, inputs = batch
        several = self.loaders > 1
        where = {"dataloader_idx": number} if several else {}
        module = self.module
        # Of hooks, Lightning names the loader in any case.
        with self._logging(f"/dataloader_idx_{number}" if several else "", inputs):
            module.on_validation_batch_start(inputs, place, number)
            said = call_step(model, module, module.validation_step, inputs, place, **where)
            module.on_validation_batch_end(said, inputs, place, number)
        loss = said.get("loss") if isinstance(said, Mapping) else said
        if isinstance(loss, torch.Tensor) and loss.numel() == 1:
            self._returned.add(loss, batch_size_of(module, inputs))

    def end(self) -> dict[str, float]:
        with self._logging(""):
            self.module.on_validation_epoch_end()
        metrics = {name: logged.value() for name, logged in self._logged.items()}
        for logged in self._logged.values():
            if logged.metric is not None:
                logged.metric.reset()
        self.trainer.after_validation({k: torch.tensor(v) for k, v in metrics.items()})
        with self._logging(""):
            self.module.on_validation_end()
        if not metrics and self._returned.weight:
            return {"loss": self._returned.value()}
        return metrics

    @contextmanager
    def _logging(self, suffix: str, batch: Any = None) -> Iterator[None]:
        """Within it, what the module logs is kept."""

        def log(
            name: str,
            value: Any,
            prog_bar: bool = False,
            logger: Any = None,
            on_step: bool | None = None,
            on_epoch: bool | None = None,
            reduce_fx: Any = "mean",
            *_: Any,
            batch_size: int | None = None,
            add_dataloader_idx: bool = True,
            **__: Any,
        ) -> None:
            if on_epoch is False:
                return
            reduce = reduce_fx if isinstance(reduce_fx, str) else reduce_fx.__name__
            full = f"{name}{suffix}" if add_dataloader_idx else name
            weight = batch_size
            if weight is None:
                weight = 1 if batch is None else batch_size_of(self.module, batch)
            names = [full, f"{full}_epoch"] if on_step else [full]
            for each in names:
                self._logged.setdefault(each, _Logged(reduce)).add(value, weight)

        with replaced_log(self.module, log):
            yield


def log_in_training(name: str, value: Any, *_: Any, **__: Any) -> None:
    """Log what a ``training_step`` logs beside the loss of the step."""
    # Of a metric, Lightning takes for the step what its forward has just said.
    log_foreign(name, getattr(value, "_forward_cache", None) if is_a(value, _METRIC) else value)


@contextmanager
def replaced_log(module: Any, log: Callable[..., None]) -> Iterator[None]:
    """Have a module log elsewhere than to a Trainer."""

    def log_dict(values: Mapping[str, Any], *args: Any, **options: Any) -> None:
        for name, value in values.items():
            log(name, value, *args, **options)

    module.log, module.log_dict = log, log_dict
    try:
        yield
    finally:
        del module.log, module.log_dict


def call_step(
    model: torch.nn.Module,
    module: Any,
    step: Callable[..., Any],
    batch: Any,
    index: int,
    **where: Any,
) -> Any:
    """Call a step of a module through whatever a technique put round it, hooks and all."""

    def forward(batch: Any) -> Any:
        del module.forward  # the step itself calls the real one
        many = len(inspect.signature(step).parameters) > 1
        return step(batch, index, **where) if many else step(batch)

    module.forward = forward
    try:
        return model(batch)
    finally:
        vars(module).pop("forward", None)


def package_of(module: Any) -> str:
    """Which of its two names Lightning is imported by."""
    base = next(each for each in type(module).__mro__ if each.__name__ == "LightningModule")
    return base.__module__.removesuffix(".core.module")


def batch_size_of(module: Any, batch: Any) -> int:
    """What Lightning takes for the number of samples of a batch."""
    data = importlib.import_module(f"{package_of(module)}.utilities.data")
    return int(data.extract_batch_size(batch))
