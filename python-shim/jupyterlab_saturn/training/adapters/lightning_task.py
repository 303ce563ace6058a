"""From a LightningModule and its DataModule to a Task: the steps are taken over, the loop is not.

Steps are called with a ``batch_idx`` of 0: which batch of an epoch it is depends on how a step's
samples are cut, so nothing may hang on it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.utils.data import DataLoader, default_collate

from ...errors import SaturnError
from ...task import Task
from .data_loader import Collate, Unpacked, unpack, unpack_eval

_PRECISIONS: dict[str, Any] = {
    "32": "float32",
    "32-true": "float32",
    "bf16": "bfloat16",
    "bf16-mixed": "bfloat16",
    "16": "float16",
    "16-mixed": "float16",
}
_OPTIONS = (
    "accumulate_grad_batches",
    "check_val_every_n_epoch",
    "gradient_clip_val",
    "max_epochs",
    "max_steps",
    "precision",
)
_STEP_HOOKS = ("backward", "configure_gradient_clipping", "lr_scheduler_step", "optimizer_step")


def from_lightning(module: Any, data: Any, options: Mapping[str, Any] | None = None) -> Task:
    """The Task of a LightningModule and its DataModule.

    Parameters
    ----------
    data
        A ``LightningDataModule``, or a DataLoader to train from.
    options
        Those of a Lightning ``Trainer`` that say what is trained: `_OPTIONS`.

    Raises
    ------
    SaturnError
        ``unsupported`` for manual optimization, several optimizers, and what else would train
        something else than Lightning does.
    """
    options = options or {}
    if not module.automatic_optimization:
        raise _unsupported(
            "The LightningModule optimizes by hand, so what a step is is not known.",
            "Leave automatic_optimization on and return the loss from training_step.",
        )
    train, held_out = _loaders(data)
    parts = options.get("accumulate_grad_batches", 1)
    loader = unpack(train, "train_dataloader")
    size = loader.batch_size * parts
    steps_per_epoch = max(1, len(loader.data) // size)  # type: ignore[arg-type]
    steps = options.get("max_steps", -1)
    configuration = _Configuration(module, steps_per_epoch)
    validates = held_out is not None and _overrides(module, "validation_step")
    return Task(
        model=module,
        data=loader.data,
        collate=_Batch(loader.collate or default_collate),
        workers=loader.workers,
        forward=_Steps(),
        loss=_loss,
        metrics=_metrics,
        optimizer=configuration.optimizer,
        schedule=configuration.schedule if configuration.is_scheduled() else None,
        batch_size=size,
        micro_batches=parts,
        epochs=options.get("max_epochs") or 1,
        steps=steps if steps > 0 else None,
        clip_norm=options.get("gradient_clip_val") or None,
        precision=_precision(options),
        eval_data=held_out.data if held_out is not None and validates else None,
        validate_every=options.get("check_val_every_n_epoch", 1) * steps_per_epoch,
        remarks=(*loader.remarks, *_remarks(module, options)),
    )


class _Steps:
    """Calls ``training_step`` or ``validation_step`` through whatever a technique put round it."""

    def __call__(self, model: torch.nn.Module, batch: Any) -> tuple[Any, dict[str, float]]:
        module = next(part for part in model.modules() if hasattr(part, "configure_optimizers"))
        step: Any = module.training_step if module.training else module.validation_step
        with _logging(module) as logged, _redirected(module, step):
            said = model(batch)
        return said, logged


@contextmanager
def _redirected(module: Any, step: Callable[..., Any]) -> Iterator[None]:
    """Have the next call of the module, hooks and all, make a step."""

    def forward(batch: Any) -> Any:
        del module.forward  # the step itself calls the real one
        many = len(inspect.signature(step).parameters) > 1
        return step(batch, 0) if many else step(batch)

    module.forward = forward
    try:
        yield
    finally:
        vars(module).pop("forward", None)


@contextmanager
def _logging(module: Any) -> Iterator[dict[str, float]]:
    """Catch what a step logs. It would be lost without a Lightning ``Trainer``."""
    logged: dict[str, float] = {}

    def log(name: str, value: Any, *_: Any, **__: Any) -> None:
        if hasattr(value, "compute"):  # a metric that adds up: of this batch alone
            metric, value = value, value.compute()
            metric.reset()
        logged[name] = float(value)

    def log_dict(values: Mapping[str, Any], *_: Any, **__: Any) -> None:
        for name, value in values.items():
            log(name, value)

    module.log, module.log_dict = log, log_dict
    try:
        yield logged
    finally:
        del module.log, module.log_dict


@dataclass(frozen=True)
class _Batch:
    """Batches as pairs: a step takes the whole of one."""

    collate: Collate

    def __call__(self, samples: list[Any]) -> tuple[Any, tuple[()]]:
        return self.collate(samples), ()


def _loss(outputs: Any, targets: Any) -> Any:
    said, _ = outputs
    return said["loss"] if isinstance(said, Mapping) else said


def _metrics(outputs: Any, targets: Any) -> dict[str, float]:
    said, logged = outputs
    if not logged and isinstance(said, torch.Tensor) and said.numel() == 1:
        return {"loss": float(said)}
    return dict(logged)


class _Configuration:
    """What ``configure_optimizers`` makes of the parameters as a technique placed them.

    Raises
    ------
    SaturnError
        ``unsupported`` for other than one optimizer and at most one schedule by step or epoch.
    """

    def __init__(self, module: Any, steps_per_epoch: int) -> None:
        self._module = module
        self._steps_per_epoch = steps_per_epoch
        self._scheduler: Any = None
        self.optimizer([])

    def optimizer(self, _: Any) -> torch.optim.Optimizer:
        """Called for the parameters of the module itself, which are those to be trained."""
        made = self._module.configure_optimizers()
        if isinstance(made, Mapping):
            optimizers, schedulers = made["optimizer"], made.get("lr_scheduler")
        elif isinstance(made, list | tuple) and made and isinstance(made[0], list | tuple):
            optimizers, schedulers = made[0], made[1]
        else:
            optimizers, schedulers = made, None
        listed = [_as_list(optimizers), _as_list(schedulers)]
        if len(listed[0]) != 1 or len(listed[1]) > 1:
            raise _unsupported(
                f"configure_optimizers makes {len(listed[0])} optimizers and {len(listed[1])} "
                "schedulers, but a task has one optimizer and at most one scheduler.",
                "Return one optimizer, and its scheduler if there is one.",
            )
        self._scheduler = listed[1][0] if listed[1] else None
        return listed[0][0]  # type: ignore[no-any-return]

    def is_scheduled(self) -> bool:
        return self._scheduler is not None

    def schedule(self, optimizer: torch.optim.Optimizer, steps: int) -> Any:
        """The scheduler made with the optimizer. Its interval is an epoch unless it says step."""
        said = self._scheduler
        config = said if isinstance(said, Mapping) else {"scheduler": said}
        if isinstance(config["scheduler"], ReduceLROnPlateau):
            raise _unsupported(
                "The learning rate follows a metric, which a schedule by steps cannot.",
                "Use a scheduler that follows the steps or epochs.",
            )
        every = config.get("frequency", 1)
        if config.get("interval", "epoch") == "epoch":
            every *= self._steps_per_epoch
        return config["scheduler"] if every == 1 else _Every(every, config["scheduler"])


class _Every:
    """A scheduler that is stepped once in so many steps."""

    def __init__(self, steps: int, scheduler: Any) -> None:
        self._every = steps
        self._scheduler = scheduler
        self._steps = 0

    def step(self) -> None:
        self._steps += 1
        if self._steps % self._every == 0:
            self._scheduler.step()

    def state_dict(self) -> dict[str, Any]:
        return {"steps": self._steps, "scheduler": self._scheduler.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._steps = state["steps"]
        self._scheduler.load_state_dict(state["scheduler"])


def _loaders(data: Any) -> tuple[DataLoader[Any], Unpacked | None]:
    if isinstance(data, DataLoader):
        return data, None
    # Downloads and the like are to happen once: rank 0 first, then the others find them done.
    ranks = dist.get_world_size() if dist.is_initialized() else 1
    if ranks == 1 or dist.get_rank() == 0:
        data.prepare_data()
    if ranks > 1:
        dist.barrier()
    data.setup("fit")
    train = data.train_dataloader()
    if not isinstance(train, DataLoader):
        raise _unsupported(
            f"train_dataloader returns a {type(train).__name__}, not one DataLoader.",
            "Return one DataLoader.",
        )
    held_out = data.val_dataloader() if _overrides(data, "val_dataloader") else None
    if isinstance(held_out, list | tuple) and len(held_out) == 1:
        held_out = held_out[0]
    if held_out is not None and not isinstance(held_out, DataLoader):
        raise _unsupported(
            f"val_dataloader returns a {type(held_out).__name__}, not one DataLoader.",
            "Return one DataLoader.",
        )
    return train, None if held_out is None else unpack_eval(held_out)


def _precision(options: Mapping[str, Any]) -> Any:
    asked = str(options.get("precision", "32-true"))
    if asked not in _PRECISIONS:
        raise _unsupported(
            f"A precision of {asked} is not one that every strategy keeps.",
            "Use 32-true, bf16-mixed or 16-mixed.",
        )
    return _PRECISIONS[asked]


def _remarks(module: Any, options: Mapping[str, Any]) -> Iterator[str]:
    left_out = sorted(name for name in options if name not in _OPTIONS)
    if left_out:
        yield f"Left out of the Trainer's options: {', '.join(left_out)}."
    hooks = [
        name
        for name in dir(module)
        if (name.startswith("on_") or name in _STEP_HOOKS) and _overrides(module, name)
    ]
    if hooks:
        yield f"Hooks of the LightningModule that are not called: {', '.join(hooks)}."
    if not options.get("max_epochs") and options.get("max_steps", -1) < 1:
        yield "The options name neither max_epochs nor max_steps: one epoch is trained."


def _overrides(thing: Any, name: str) -> bool:
    """Whether a method is the user's own."""
    method = getattr(type(thing), name, None)
    return callable(method) and not method.__module__.startswith(
        ("lightning.", "pytorch_lightning.")
    )


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _unsupported(what: str, instead: str) -> SaturnError:
    return SaturnError("unsupported", what, instead)
