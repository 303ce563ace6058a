"""What a rank group is asked for, made of what the engine asks of the agent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..generated.wire_types import Device, GroupStart, Node
    from ..training.runtime.rank_order import TrainOrder


def train_order(
    body: GroupStart, node: Node, devices: list[Device], rendezvous: Path
) -> TrainOrder:
    """The request of the ranks that train a task on devices of a node."""
    order: TrainOrder = {
        "kind": "train",
        "task": body["task"],
        "attempt": body["attempt"],
        "node": node["id"],
        "steps": body["steps"],
        "strategy": body["strategy"],
        "devices": devices,
        "rendezvous": str(rendezvous),
        "checkpointSeconds": body["checkpointSeconds"],
        "techniques": body.get("techniques", []),
    }
    if "until" in body:
        order["until"] = body["until"]
    if "evaluates" in body:
        order["evaluates"] = body["evaluates"]
    if "rungs" in body:
        order["rungs"] = body["rungs"]
    if "explores" in body:
        order["explores"] = body["explores"]
    if "keeps" in body:
        order["keeps"] = body["keeps"]
    if "signature" in body:
        order["signature"] = body["signature"]
    if "assumed" in body:
        order["assumed"] = body["assumed"]
    if "stepSeconds" in body:
        order["stepSeconds"] = body["stepSeconds"]
    if "patienceSeconds" in body:
        order["patienceSeconds"] = body["patienceSeconds"]
    return order
