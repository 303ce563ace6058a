"""Which trackers there are, known without importing any of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ..errors import SaturnError

if TYPE_CHECKING:
    from ..generated.wire_types import TrackerName


@dataclass(frozen=True)
class TrackerKind:
    """A tracker by name. `secrets` are the variables it takes keys from; `environment` keeps it
    from asking the network for what nobody asked it for.
    """

    name: TrackerName
    title: str
    packages: tuple[str, ...]
    secrets: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


KINDS: tuple[TrackerKind, ...] = (
    TrackerKind("tensorboard", "TensorBoard", ("tensorboard",)),
    TrackerKind(
        "mlflow",
        "MLflow",
        ("mlflow", "sqlalchemy", "alembic"),
        (
            "MLFLOW_TRACKING_URI",
            "MLFLOW_TRACKING_USERNAME",
            "MLFLOW_TRACKING_PASSWORD",
            "MLFLOW_TRACKING_TOKEN",
        ),
        {
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
            "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
        },
    ),
    TrackerKind(
        "wandb",
        "Weights & Biases",
        ("wandb",),
        ("WANDB_API_KEY",),
        {"WANDB_ERROR_REPORTING": "false"},
    ),
    TrackerKind("trackio", "Trackio", ("trackio",), (), {"HF_HUB_OFFLINE": "1"}),
)


def kind_of(name: str) -> TrackerKind:
    """The tracker of a name.

    Raises
    ------
    SaturnError
        ``unknown-tracker``.
    """
    for kind in KINDS:
        if kind.name == name:
            return kind
    raise SaturnError(
        "unknown-tracker",
        f"There is no tracker {name!r}.",
        f"There are: {', '.join(kind.name for kind in KINDS)}.",
    )


def refuse_missing(kind: TrackerKind) -> None:
    """Raise SaturnError ``no-tracker`` when what a tracker is told by is not installed here."""
    missing = [package for package in kind.packages if find_spec(package) is None]
    if missing:
        raise SaturnError(
            "no-tracker",
            f"{kind.title} cannot be told: {' and '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} not installed here.",
            f'Install it, then try again: %pip install "jupyterlab-saturn[{kind.name}]"',
        )
