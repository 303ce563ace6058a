"""What an agent tells in place of a report that cannot be sent: the engine waits for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..wire import message, schema
from .silence import PROGRESS

if TYPE_CHECKING:
    from ..generated.wire_types import AgentMessage, Failure, InspectResult, ProfileCell


def in_place_of(report: AgentMessage, error: Failure) -> AgentMessage | None:
    """A report of why another cannot be sent; None for one that nobody waits for.

    It has the id of the other, which it stands for until it is acknowledged.
    """
    told: AgentMessage
    match report["type"]:
        case "inspect.results":
            results = report["body"]["results"]
            share = schema()["maxBytes"] // (len(results) + 1)
            said: list[InspectResult] = [_of_size(result, share, error) for result in results]
            told = message("agent", "inspect.results", {"results": said})
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


def _of_size(result: InspectResult, most: int, error: Failure) -> InspectResult:
    """A result, or in place of one of more bytes why it is not told."""
    if len(json.dumps(result)) <= most:
        return result
    return {"task": result["task"], "hash": result["hash"], "error": error}
