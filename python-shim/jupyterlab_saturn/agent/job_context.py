"""What all jobs of an agent work with: its session, its devices, its way to start ranks."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import Json, SaturnError
from ..paths import SessionPaths
from .device_leases import DeviceLeases
from .event_receiver import EventReceiver
from .rank_group import Limits, RankGroup
from .rank_launcher import RankLauncher

INSPECT_PREFIX = "inspect-"
RENDEZVOUS_PREFIX = "rendezvous-"


@dataclass(frozen=True, kw_only=True)
class JobContext:
    """What every job works with."""

    paths: SessionPaths
    launcher: RankLauncher
    events: EventReceiver
    say: Callable[[str, Json], None]
    """Sends a message to the engine: type and body."""
    leases: DeviceLeases
    limits: Limits = field(default_factory=Limits)

    def group(self, request: Json, folder: Path, ranks: int, **options: Any) -> RankGroup:
        """A rank group of this context; the request is completed with what all requests hold."""
        return RankGroup(
            {
                **request,
                "job": secrets.token_hex(8),
                "session": str(self.paths.folder),
                "events": str(self.events.path),
                "requestedAt": time.time(),
            },
            folder,
            ranks,
            launcher=self.launcher,
            events=self.events,
            limits=self.limits,
            **options,
        )

    def rendezvous(self) -> Path:
        """A fresh path where ranks may meet; the job removes what they make of it."""
        return self.paths.runtime / f"{RENDEZVOUS_PREFIX}{secrets.token_hex(8)}"


def choose_devices(node: Json, ids: Sequence[str], strategy: Mapping[str, Any]) -> list[Json]:
    """The node's devices of some ids, in their order.

    Raises
    ------
    SaturnError
        ``unknown-device``: the node has no such device, or the strategy needs another number.
    """
    known = {device["id"]: device for device in node["devices"]}
    missing = [id for id in ids if id not in known]
    if missing or not len(ids) == len(set(ids)) == strategy["devices"]:
        raise SaturnError(
            "unknown-device",
            f"The devices {', '.join(ids)} cannot serve {strategy['technique']} on "
            f"{strategy['devices']}: this node has {', '.join(known)}.",
            "Plan again: the devices of the session have changed.",
        )
    return [known[id] for id in ids]
