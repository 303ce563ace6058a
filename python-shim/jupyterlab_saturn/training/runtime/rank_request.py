"""A rank group's job, as the agent wrote it down."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ...errors import Json, SaturnError
from ...paths import SessionPaths, scratch
from .workload_spec import WorkloadSpec

Kind = Literal["inspect", "trial", "train"]


@dataclass(frozen=True, kw_only=True)
class RankRequest:
    """What a group of ranks is to do.

    Attributes
    ----------
    requested_at
        When it was asked for, in seconds since the epoch.
    tasks
        Wire ``TaskSpec`` objects: many to inspect, one to try or train.
    devices
        Wire ``Device`` objects; rank r works on the r-th.
    rendezvous
        Path of a file that does not exist yet, where the ranks find each other.
    steps
        Steps in all of the task to train.
    checkpoint_seconds
        Commit a checkpoint about this often.
    step_seconds
        What a step should take, when that was measured.
    techniques
        Wire ``TechniqueSpec`` objects: techniques of the user's own.
    device_kind, device_bytes
        What the devices are and the memory of the smallest, to inspect for; 0 when unknown.
    """

    kind: Kind
    job: str
    events: Path
    paths: SessionPaths
    tasks: tuple[Json, ...]
    requested_at: float
    strategy: Json = field(default_factory=lambda: {"technique": "single", "devices": 1})
    devices: tuple[Json, ...] = ()
    rendezvous: Path | None = None
    signature: str = ""
    max_devices: int = 1
    attempt: int = 1
    steps: int = 1
    checkpoint_seconds: float = 60.0
    step_seconds: float | None = None
    techniques: tuple[Json, ...] = ()
    device_kind: Literal["cpu", "cuda"] = "cpu"
    device_bytes: int = 0

    @property
    def task(self) -> Json:
        """The one task to try or train."""
        return self.tasks[0]

    @property
    def workload(self) -> WorkloadSpec:
        """What to build of the task to try or train."""
        return WorkloadSpec(
            task=self.task, strategy=self.strategy, paths=self.paths, techniques=self.techniques
        )

    @property
    def scratch(self) -> Path:
        """Folder for temporary files, removed when the group is over."""
        return scratch(self.events.parent, self.job)

    @property
    def world_size(self) -> int:
        """How many ranks do the job."""
        return 1 if self.kind == "inspect" else int(self.strategy["devices"])

    @classmethod
    def read(cls, path: Path | str) -> RankRequest:
        """The request in a file. Raises SaturnError ``bad-request`` when it is not one."""
        path = Path(path)
        try:
            raw: Json = json.loads(path.read_text("utf-8"))
            kind: Kind = raw["kind"]
            if kind not in ("inspect", "trial", "train"):
                raise ValueError(f"there is no job of kind {kind!r}")
            request = cls(
                kind=kind,
                job=raw["job"],
                events=Path(raw["events"]),
                paths=SessionPaths.of_folder(raw["session"]),
                tasks=tuple(raw["tasks"]) if kind == "inspect" else (raw["task"],),
                requested_at=float(raw.get("requestedAt", path.stat().st_mtime)),
                max_devices=int(raw["maxDevices"]) if kind == "inspect" else 1,
                signature=raw["signature"] if kind == "trial" else "",
                attempt=int(raw["attempt"]) if kind == "train" else 1,
                steps=int(raw["steps"]) if kind == "train" else 1,
                checkpoint_seconds=float(raw["checkpointSeconds"]) if kind == "train" else 60.0,
                step_seconds=raw.get("stepSeconds"),
                techniques=tuple(raw.get("techniques", ())),
                device_kind=raw.get("deviceKind", "cpu"),
                device_bytes=int(raw.get("deviceBytes", 0)),
                **({} if kind == "inspect" else _group_fields(raw)),
            )
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise SaturnError(
                "bad-request", f"{path} holds no job for a rank: {error!r}."
            ) from error
        if kind != "inspect" and len(request.devices) != request.world_size:
            raise SaturnError(
                "bad-request",
                f"{path} gives {len(request.devices)} devices to {request.world_size} ranks.",
            )
        return request


def _group_fields(raw: Json) -> Json:
    return {
        "strategy": raw["strategy"],
        "devices": tuple(raw["devices"]),
        "rendezvous": Path(raw["rendezvous"]),
    }
