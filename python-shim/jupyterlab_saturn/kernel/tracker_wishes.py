"""What a user asks of a tracker, checked, and the keys it needs of this environment."""

from __future__ import annotations

import netrc
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SaturnError
from ..trackers.catalogue import TrackerKind, kind_of, refuse_missing

if TYPE_CHECKING:
    from ..generated.wire_types import TrackerWish, TrackSet

_WANDB_HOST = "api.wandb.ai"
_SCHEME = re.compile(r"[a-z][a-z0-9+]*://")
_MLFLOW_URI = "MLFLOW_TRACKING_URI"
_IN_MEMORY = ("sqlite://", "sqlite:///", "sqlite:///:memory:")


def track_body(
    tracker: str, uri: str | None = None, project: str | None = None, online: bool = False
) -> TrackSet:
    """The wire's ``TrackSet``, to have a tracker told.

    Raises
    ------
    SaturnError
        ``unknown-tracker``, ``no-tracker``, ``bad-option``, ``bad-uri``, ``no-key``.
    """
    kind = kind_of(tracker)
    _refuse_options(kind, uri, project, online)
    refuse_missing(kind)
    wish: TrackerWish = {"tracker": kind.name}
    if project is not None:
        wish["project"] = project
    if uri is not None:
        wish["uri"] = _checked(uri)
    secrets = {name: os.environ[name] for name in kind.secrets if os.environ.get(name)}
    if uri is not None:
        secrets.pop(_MLFLOW_URI, None)
    elif _MLFLOW_URI in secrets:
        secrets[_MLFLOW_URI] = _checked(secrets[_MLFLOW_URI])
    if kind.name == "wandb" and _goes_online(online, "WANDB_API_KEY" in secrets):
        wish["online"] = True
    else:
        secrets.pop("WANDB_API_KEY", None)
    body: TrackSet = {"set": wish}
    if secrets:
        wish["secrets"] = sorted(secrets)
        body["secrets"] = secrets
    return body


def _refuse_options(kind: TrackerKind, uri: str | None, project: str | None, online: bool) -> None:
    wrong = [
        *(["an address"] if uri is not None and kind.name != "mlflow" else []),
        *(["--project"] if project is not None and kind.name == "tensorboard" else []),
        *(["--online"] if online and kind.name != "wandb" else []),
    ]
    if wrong:
        raise SaturnError(
            "bad-option",
            f"{kind.title} takes no {wrong[0].removeprefix('an ')}.",
            "See %saturn help track.",
        )


def _checked(uri: str) -> str:
    wrong = None
    if not _SCHEME.match(uri) or uri.startswith("file:"):
        wrong = "MLflow does not write to folders any more, only to servers and databases."
    elif uri in _IN_MEMORY:
        wrong = f"{uri} is a database in memory: it ends with the process that writes it."
    if wrong is not None:
        raise SaturnError(
            "bad-uri",
            wrong,
            "Write e.g. %saturn track mlflow http://localhost:5000, or sqlite:///runs.db. Without "
            f"an address, and without {_MLFLOW_URI} in this kernel's environment, it is a database "
            "in the session's folder.",
        )
    if uri.startswith("sqlite:///") and not uri.startswith("sqlite:////"):
        # The process that writes it stands in another folder.
        return f"sqlite:///{Path(uri.removeprefix('sqlite:///')).absolute()}"
    return uri


def _goes_online(wanted: bool, has_key: bool) -> bool:
    known = has_key or _is_in_netrc()
    if wanted and not known:
        raise SaturnError(
            "no-key",
            "Weights & Biases takes nothing over the network without a key, and there is none in "
            "this kernel's environment.",
            "Log in with wandb.login() or set WANDB_API_KEY, or leave --online out: then it is "
            "told into files, which `wandb sync` sends later.",
        )
    return known and (wanted or os.environ.get("WANDB_MODE") != "offline")


def _is_in_netrc() -> bool:
    try:
        return netrc.netrc(os.environ.get("NETRC")).authenticators(_WANDB_HOST) is not None
    except (OSError, netrc.NetrcParseError):
        return False
