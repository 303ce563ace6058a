"""What ranks are given where the user has settled nothing, and what the user has settled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..training.runtime.rank_defaults import ALLOCATION, TELLING, allocation, meeting, threads
from .finding import Finding

if TYPE_CHECKING:
    from ..generated.wire_types import Node


def check_defaults(node: Node, variables: Mapping[str, str]) -> Finding:
    """The settings in force. Those of the user win, but for where ranks meet.

    Parameters
    ----------
    variables
        Of the environment that Jupyter is started in.
    """
    settled = meeting()
    gpus = sum(device["kind"] == "cuda" for device in node["devices"])
    if gpus:
        count = threads(gpus)
        words = [
            f"A rank has {count} thread{'s' if count > 1 else ''}",
            "batches are pinned in memory where workers load them",
        ]
        ours = {**settled, **TELLING, **allocation(variables)}
    else:
        words = ["A rank has a thread for each core of its device"]
        ours = {name: value for name, value in settled.items() if not name.startswith("NCCL")}
    names = (*(ours.keys() - settled.keys()), *(ALLOCATION if gpus else ()))
    own = {name: variables[name] for name in names if name in variables}
    settings = {**ours, **own}
    words += [
        f"{name}={value}{' (yours)' if name in own else ''}" for name, value in settings.items()
    ]
    facts = {"settings": settings, "own": sorted(own)}
    return Finding("defaults", "ok", f"{'; '.join(words)}.", facts=facts)
