"""What an agent tells in place of a report that cannot be sent: the engine waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..wire import message
from .rank_group import PROGRESS

if TYPE_CHECKING:
    from ..generated.wire_types import AgentMessage, Failure, ProfileCell


def in_place_of(report: AgentMessage, error: Failure) -> AgentMessage | None:
    """A report of why another cannot be sent; None for one that nobody waits for.

    It has the id of the other, which it stands for until it is acknowledged.
    """
    told: AgentMessage
    match report["type"]:
        case "inspect.result":
            inspected = report["body"]
            told = message(
                "agent",
                "inspect.result",
                {"task": inspected["task"], "hash": inspected["hash"], "error": error},
            )
        case "trial.result":
            trial = report["body"]
            if "cell" not in trial:
                return None
            measured = trial["cell"]
            cell: ProfileCell = {
                "signature": measured["signature"],
                "strategy": measured["strategy"],
                "source": measured["source"],
                "status": "failed",
                "error": error,
            }
            told = message("agent", "trial.result", {"trial": trial["trial"], "cell": cell})
        case "group.event":
            event = report["body"]
            brief: Any = {
                name: event[name]
                for name in ("task", "attempt", "kind", "time", "step")
                if name in event
            }
            if event["kind"] == "finished":
                # It is trained, and its model kept.
                brief["result"] = {"metrics": {}, "evaluationError": error}
            elif event["kind"] not in PROGRESS:
                brief["error"] = error
            told = message("agent", "group.event", brief)
        case _:
            return None
    told["id"] = report["id"]
    return told
