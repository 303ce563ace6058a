"""Tasks of functions that can be imported, as the kernel describes those of a notebook."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import cloudpickle

from ...paths import SessionPaths

if TYPE_CHECKING:
    from ...generated.wire_types import TaskSpec


def task_spec(
    paths: SessionPaths, factory: Callable[..., Any], name: str, **params: Any
) -> TaskSpec:
    """A wire ``TaskSpec`` of a factory, which is pickled into the session as the kernel does it."""
    data = cloudpickle.dumps(factory)
    digest = hashlib.sha256(data).hexdigest()[:32]
    payload = paths.payload(f"{digest}.pkl")
    if not payload.exists():
        payload.touch(0o600)
        payload.write_bytes(data)
    return {
        "name": name,
        "sweep": factory.__name__,
        "params": params,
        "seed": 7,
        "payload": payload.name,
        "hash": f"{digest}-{sorted(params.items())}",
    }
