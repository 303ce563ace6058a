"""What the agent writes down for a rank group: the one shape of its ``request.json``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NotRequired, TypedDict

if TYPE_CHECKING:
    from ...generated.wire_types import Device, GroupPart, Strategy, TaskSpec, TechniqueSpec
    from .network_namespace import NetworkPlace


class _Order(TypedDict):
    """What all requests hold. All but the techniques is added by the agent's `JobContext.group`.

    ``network`` is read before anything else, by `network_namespace.of_request`.
    """

    job: NotRequired[str]
    session: NotRequired[str]
    events: NotRequired[str]
    requestedAt: NotRequired[float]
    network: NotRequired[NetworkPlace]
    techniques: list[TechniqueSpec]


class InspectOrder(_Order):
    kind: Literal["inspect"]
    tasks: list[TaskSpec]
    computeCapability: NotRequired[float]
    workers: NotRequired[int]
    roomBytes: NotRequired[int]
    look: NotRequired[Literal["first", "rest"]]
    maxDevices: int
    deviceKind: Literal["cpu", "cuda"]
    deviceBytes: int
    devices: NotRequired[list[Device]]


class _GroupOrder(_Order):
    task: TaskSpec
    strategy: Strategy
    devices: list[Device]
    rendezvous: str
    patienceSeconds: NotRequired[float]
    silenceSeconds: NotRequired[float]


class TrialOrder(_GroupOrder):
    kind: Literal["trial"]
    signature: str
    assumed: NotRequired[bool]
    fused: NotRequired[list[TaskSpec]]
    base: NotRequired[str]
    launchBlocking: NotRequired[bool]


class FusedOrder(TypedDict):
    """Of one of several tasks that are trained in one run; ``stop`` is that it is to leave."""

    task: TaskSpec
    attempt: int
    steps: int
    until: NotRequired[int]
    evaluates: NotRequired[bool]
    keeps: NotRequired[bool]
    rungs: NotRequired[list[int]]
    signature: NotRequired[str]
    assumed: NotRequired[bool]
    stop: NotRequired[bool]


class TrainOrder(_GroupOrder):
    kind: Literal["train"]
    attempt: int
    node: NotRequired[str]
    steps: int
    checkpointSeconds: float
    until: NotRequired[int]
    evaluates: NotRequired[bool]
    rungs: NotRequired[list[int]]
    explores: NotRequired[bool]
    keeps: NotRequired[bool]
    held: NotRequired[bool]
    stepSeconds: NotRequired[float]
    signature: NotRequired[str]
    assumed: NotRequired[bool]
    part: NotRequired[GroupPart]
    address: NotRequired[str]
    fused: NotRequired[list[FusedOrder]]
    base: NotRequired[str]
    stop: NotRequired[bool]


RankOrder = InspectOrder | TrialOrder | TrainOrder
"""``request.json``: a `RankRequest` as the agent writes it."""
