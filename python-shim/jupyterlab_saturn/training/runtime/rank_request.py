"""A rank group's job, as the agent wrote it down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ...errors import SaturnError
from ...paths import SessionPaths, scratch
from .workload_spec import WorkloadSpec

if TYPE_CHECKING:
    from ...generated.wire_types import Device, GroupPart, Strategy, TaskSpec, TechniqueSpec
    from .rank_order import RankOrder

Kind = Literal["inspect", "trial", "train"]


def _alone() -> Strategy:
    return {"technique": "single", "devices": 1}


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
        Wire ``Device`` objects; the r-th rank of this node works on the r-th. An inspection has
        one, or none.
    node
        Id of the node that they are on; empty when it has none.
    rendezvous
        Path of a file that does not exist yet, where the ranks of this node find each other.
    part
        What this node has of a group over several, the devices being its own; None of all others.
    address
        Of this node then, by which the others reach it.
    fused
        Further tasks of the same run, each with what is its own of the request; see `members`.
    base
        What tasks of one run have in common, by `base_digest`; empty of one task.
    attempt
        Number of the attempt to train it, from 1; 0 of other jobs.
    steps
        Steps in all of the task to train.
    until
        Step to leave after; None when that is the last one.
    evaluates
        Whether to evaluate the task where it leaves before that.
    rungs
        Steps after each of which it is told how good the task is.
    explores
        Whether nobody knows yet how the strategy runs the task.
    keeps
        Whether the last checkpoint stays when the task is finished.
    stops
        Whether its task is to leave the run that it has with others.
    held
        Whether another group still has what this one is to go on with.
    checkpoint_seconds
        Commit a checkpoint about this often.
    step_seconds
        What a step should take, when that was measured.
    patience
        Seconds for which ranks wait for one that does something alone; 0 when not known.
    silence
        Seconds after which the agent ends ranks that say nothing, having asked for their stacks.
    launch_blocking
        Whether each kernel is waited for, so that one that fails is found.
    techniques
        Wire ``TechniqueSpec`` objects: techniques of the user's own.
    device_kind, device_bytes
        What the devices are and the memory of the smallest, to inspect for; 0 when unknown.
    look
        Whether to look for what one device needs ``first``, or for the ``rest``; for all when None.
    workers
        How many tasks may be inspected at a time.
    room_bytes
        Memory that all of these may take.
    folder
        Where the request and the logs are.
    """

    kind: Kind
    job: str
    events: Path
    paths: SessionPaths
    tasks: tuple[TaskSpec, ...]
    requested_at: float
    strategy: Strategy = field(default_factory=_alone)
    devices: tuple[Device, ...] = ()
    node: str = ""
    rendezvous: Path | None = None
    part: GroupPart | None = None
    address: str = ""
    signature: str = ""
    assumed: bool = False
    max_devices: int = 1
    attempt: int = 0
    steps: int = 1
    until: int | None = None
    evaluates: bool = False
    rungs: tuple[int, ...] = ()
    explores: bool = False
    keeps: bool = False
    fused: tuple[RankRequest, ...] = ()
    base: str = ""
    stops: bool = False
    held: bool = False
    checkpoint_seconds: float = 60.0
    step_seconds: float | None = None
    patience: float = 0.0
    silence: float = 0.0
    launch_blocking: bool = False
    techniques: tuple[TechniqueSpec, ...] = ()
    device_kind: Literal["cpu", "cuda"] = "cpu"
    device_bytes: int = 0
    look: Literal["first", "rest"] | None = None
    workers: int = 1
    room_bytes: int = 1 << 62
    folder: Path = Path()
    compute_capability: float | None = None

    @property
    def task(self) -> TaskSpec:
        """The one task to try or train."""
        return self.tasks[0]

    @property
    def members(self) -> tuple[RankRequest, ...]:
        """A request for each task of the run, as if it were alone."""
        return (replace(self, fused=(), base=""), *self.fused)

    @property
    def workload(self) -> WorkloadSpec:
        """What to build of the task to try or train."""
        return WorkloadSpec(
            task=self.task,
            strategy=self.strategy,
            paths=self.paths,
            techniques=self.techniques,
            attempt=self.attempt,
            signature=self.signature,
            assumed=self.assumed,
        )

    @property
    def scratch(self) -> Path:
        """Folder for temporary files, removed when the group is over."""
        return scratch(self.events.parent, self.job)

    @property
    def world_size(self) -> int:
        """How many ranks do the job."""
        return 1 if self.kind == "inspect" else int(self.strategy["devices"])

    @property
    def first_rank(self) -> int:
        """Of those on this node."""
        return 0 if self.part is None else int(self.part["first"])

    @classmethod
    def read(cls, path: Path | str) -> RankRequest:
        """The request in a file. Raises SaturnError ``bad-request`` when it is not one."""
        path = Path(path)
        try:
            raw: RankOrder = json.loads(path.read_text("utf-8"))
            if raw["kind"] not in ("inspect", "trial", "train"):
                raise ValueError(f"there is no job of kind {raw['kind']!r}")
            request = cls(
                kind=raw["kind"],
                job=raw["job"],
                events=Path(raw["events"]),
                paths=SessionPaths.of_folder(raw["session"]),
                tasks=tuple(raw["tasks"]) if raw["kind"] == "inspect" else (raw["task"],),
                requested_at=float(raw.get("requestedAt", path.stat().st_mtime)),
                max_devices=int(raw["maxDevices"]) if raw["kind"] == "inspect" else 1,
                signature="" if raw["kind"] == "inspect" else raw.get("signature", ""),
                assumed=raw["kind"] != "inspect" and raw.get("assumed", False),
                attempt=int(raw["attempt"]) if raw["kind"] == "train" else 0,
                node=raw.get("node", "") if raw["kind"] == "train" else "",
                steps=int(raw["steps"]) if raw["kind"] == "train" else 1,
                until=raw.get("until") if raw["kind"] == "train" else None,
                evaluates=raw["kind"] == "train" and raw.get("evaluates", False),
                rungs=tuple(raw.get("rungs", ())) if raw["kind"] == "train" else (),
                explores=raw["kind"] == "train" and raw.get("explores", False),
                keeps=raw["kind"] == "train" and raw.get("keeps", False),
                held=raw["kind"] == "train" and raw.get("held", False),
                checkpoint_seconds=(
                    float(raw["checkpointSeconds"]) if raw["kind"] == "train" else 60.0
                ),
                step_seconds=raw.get("stepSeconds") if raw["kind"] == "train" else None,
                patience=0.0 if raw["kind"] == "inspect" else raw.get("patienceSeconds", 0.0),
                silence=0.0 if raw["kind"] == "inspect" else raw.get("silenceSeconds", 0.0),
                launch_blocking=raw["kind"] == "trial" and raw.get("launchBlocking", False),
                techniques=tuple(raw.get("techniques", ())),
                base=raw.get("base", "") if raw["kind"] != "inspect" else "",
                stops=raw["kind"] == "train" and raw.get("stop", False),
                device_kind=raw.get("deviceKind", "cpu") if raw["kind"] == "inspect" else "cpu",
                device_bytes=int(raw.get("deviceBytes", 0)) if raw["kind"] == "inspect" else 0,
                look=raw.get("look") if raw["kind"] == "inspect" else None,
                workers=int(raw.get("workers", 1)) if raw["kind"] == "inspect" else 1,
                room_bytes=int(raw.get("roomBytes", 1 << 62)) if raw["kind"] == "inspect" else 0,
                folder=path.parent,
                compute_capability=(
                    raw.get("computeCapability") if raw["kind"] == "inspect" else None
                ),
                strategy=_alone() if raw["kind"] == "inspect" else raw["strategy"],
                devices=tuple(raw.get("devices", ())),
                rendezvous=None if raw["kind"] == "inspect" else Path(raw["rendezvous"]),
                part=raw.get("part") if raw["kind"] == "train" else None,
                address=raw.get("address", "") if raw["kind"] == "train" else "",
            )
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise SaturnError(
                "bad-request", f"{path} holds no job for a rank: {error!r}."
            ) from error
        ranks = request.world_size // request.strategy.get("nodes", 1)
        if request.kind != "inspect" and len(request.devices) != ranks:
            raise SaturnError(
                "bad-request",
                f"{path} gives {len(request.devices)} devices to {ranks} ranks.",
            )
        return replace(request, fused=tuple(_fused(request, raw)))


def _fused(request: RankRequest, raw: RankOrder) -> Iterator[RankRequest]:
    if raw["kind"] == "trial":
        for task in raw.get("fused", []):
            # Nothing is said of what the others were when they were inspected.
            yield replace(request, tasks=(task,), base="", signature="", assumed=False)
    elif raw["kind"] == "train":
        for own in raw.get("fused", []):
            yield replace(
                request,
                base="",
                tasks=(own["task"],),
                attempt=int(own["attempt"]),
                steps=int(own["steps"]),
                until=own.get("until"),
                evaluates=own.get("evaluates", False),
                keeps=own.get("keeps", False),
                rungs=tuple(own.get("rungs", ())),
                signature=own.get("signature", ""),
                assumed=own.get("assumed", False),
                stops=own.get("stop", False),
            )
