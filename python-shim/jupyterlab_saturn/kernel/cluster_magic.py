"""`%saturn cluster`: which devices a session may use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import SaturnError
from .display import View
from .session import Session


def act(session: Session, options: Mapping[str, Any]) -> View:
    """Do what a line asks for. Raises SaturnError ``bad-option`` with what to write."""
    if not options:
        return session.devices()
    for alone, others in (("auto", {"node"}), ("local", set())):
        if alone in options and {*options} - {alone, *others}:
            raise SaturnError(
                "bad-option",
                f"--{alone} goes with no other option.",
                f"Write: %saturn cluster --{alone}",
            )
    if "node" in options and "ray" in options:
        raise SaturnError(
            "bad-option",
            "--node does not go with --ray.",
            "Join the cluster first; then: %saturn cluster --node NAME --gpu 2",
        )
    for with_ray in ("nodes", "open", "reserve"):
        if with_ray in options and "ray" not in options:
            raise SaturnError(
                "bad-option",
                f"--{with_ray} goes with --ray.",
                f"Write e.g.: %saturn cluster --ray auto --{with_ray}"
                + (f" {options['nodes']}" if with_ray == "nodes" else ""),
            )
    if "local" in options:
        return session.leave_cluster()
    gpu = options.get("gpu")
    if gpu is not None:
        gpu = True if gpu == "all" else _count(gpu)
    ray = options.get("ray")
    devices = options.get("cpu"), gpu, options.get("memory")
    if ray is None:
        return session.cluster(*devices, node=options.get("node"))
    return session.cluster(
        *devices,
        ray=ray,
        nodes=options.get("nodes"),
        open="open" in options,
        reserve="reserve" in options,
    )


def _count(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise SaturnError(
            "bad-option", f"--gpu cannot be {text!r}.", "Write e.g. --gpu 2 or --gpu all"
        ) from None
