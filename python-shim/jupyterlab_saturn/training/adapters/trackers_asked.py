"""The trackers that a Trainer's report_to, or a logger of Lightning's, asks for.

Their own callbacks and loggers would tell from each rank; here the session's exporter tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ...task import Tracking
from .lightning_parts import Parts
from .overrides import comes_from

TRACKERS = frozenset({"tensorboard", "mlflow", "wandb", "trackio"})

_LOGGERS = {
    "TensorBoardLogger": "tensorboard",
    "WandbLogger": "wandb",
    "MLFlowLogger": "mlflow",
}
_LIGHTNING = ("lightning.pytorch.loggers", "pytorch_lightning.loggers")
_BY_ITSELF = "lightning_logs"
"""The name of a logger that Lightning makes where nobody asked for one."""


def of_arguments(args: Any) -> tuple[Tracking | None, list[str]]:
    """What a Trainer's arguments ask for, and what of it cannot be had, in sentences.

    Parameters
    ----------
    args
        ``TrainingArguments``.
    """
    asked = _words(getattr(args, "report_to", None))
    known = {name: f"report_to={name}" for name in asked if name in TRACKERS}
    remarks = [
        f"report_to={name} is left out: there is no way to tell it. %saturn track says to whom "
        "all is told."
        for name in asked
        if name not in TRACKERS
    ]
    if "trackio" in known and _set(args, "trackio_space_id"):
        remarks.append(
            f"trackio_space_id={args.trackio_space_id} is left out: Trackio is told on this "
            "machine only."
        )
    run = getattr(args, "run_name", None)
    project = args.project if _set(args, "project") else None
    named = str(run) if run and run != args.output_dir else None
    return _tracking(known, named, project), remarks


def of_lightning(parts: Parts) -> tuple[Tracking | None, list[str]]:
    """What loggers of a Lightning Trainer ask for, as `of_arguments`."""
    known: dict[str, str] = {}
    remarks = []
    run = project = None
    for logger in _loggers(parts.trainer):
        name = type(logger).__name__
        tracker = _LOGGERS.get(name) if comes_from(type(logger), _LIGHTNING) else None
        if tracker is not None:
            known[tracker] = name
            run = run or _text(logger, "_run_name", "_name")
            project = project or _text(logger, "_project", "_experiment_name")
        elif name == "CSVLogger":
            remarks.append(
                "The Trainer's CSVLogger is left out: session().history() has what it would write."
            )
        else:
            remarks.append(
                f"The Trainer's logger {name} is left out: there is no way to tell it. "
                "%saturn track says to whom all is told."
            )
    return _tracking(known, run, project), remarks


def _tracking(trackers: dict[str, str], run: str | None, project: str | None) -> Tracking | None:
    return Tracking(trackers, run, project) if trackers else None


def _words(asked: Any) -> list[str]:
    words = [asked] if isinstance(asked, str) else list(asked or ())
    return [str(word) for word in words if word not in ("none", "all")]


def _set(args: Any, name: str) -> bool:
    """Whether an argument is there, and another than when nothing is said."""
    field = type(args).__dataclass_fields__.get(name)
    value = getattr(args, name, None)
    return field is not None and bool(value) and value != field.default


def _loggers(trainer: Any) -> Iterator[Any]:
    if trainer is None:
        return
    given = trainer.get("logger") if isinstance(trainer, dict) else trainer.loggers
    loggers: Iterable[Any] = given if isinstance(given, list | tuple) else [given]
    for logger in loggers:
        if not isinstance(logger, bool | None) and getattr(logger, "name", None) != _BY_ITSELF:
            yield logger


def _text(thing: Any, *names: str) -> str | None:
    for name in names:
        value = getattr(thing, name, None)
        if isinstance(value, str) and value and value != _BY_ITSELF:
            return value
    return None
