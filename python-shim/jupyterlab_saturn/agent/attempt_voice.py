"""What the engine is told of an attempt to train a task."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import SaturnError
from ..wire import message, validate
from .group_outcome import GroupOutcome
from .silence import PROGRESS

if TYPE_CHECKING:
    from ..generated.wire_types import AgentMessage

_EVENT_FIELDS = ("step", "loss", "stepSeconds", "metrics", "cell", "result", "error", "meeting")


class AttemptVoice:
    """Tells the engine what happens to one attempt at a task.

    Parameters
    ----------
    node
        Whose part of the attempt speaks, of one over several nodes; None of others.
    """

    def __init__(
        self, say: Callable[[AgentMessage], None], task: str, attempt: int, node: str | None = None
    ) -> None:
        self._say = say
        self._task = task
        self._attempt = attempt
        self._node = node

    def tell(self, kind: str, facts: Mapping[str, object]) -> None:
        """Tell of an event, with what the engine knows to read of its facts.

        Raises
        ------
        SaturnError
            When it is one on the way, and no event of the wire.
        """
        body: Any = {
            "task": self._task,
            "attempt": self._attempt,
            "kind": kind,
            "time": facts.get("time", time.time()),
        }
        if self._node is not None:
            body["node"] = self._node
        body |= {name: facts[name] for name in _EVENT_FIELDS if facts.get(name) is not None}
        try:
            validate("GroupEvent", body)
        except SaturnError as error:
            if kind in PROGRESS:
                raise
            kept = ("task", "attempt", "time", "node")
            body = {name: body[name] for name in kept if name in body}
            body |= {"kind": "failed", "error": error.to_json()}
        self._say(message("agent", "group.event", body))

    def tell_end(self, outcome: GroupOutcome) -> None:
        """Tell how it has ended."""
        word = outcome.word
        result = word.get("result") if word is not None and word["kind"] == "finished" else None
        facts = {"step": outcome.step, "error": outcome.error, "result": result}
        self.tell(outcome.kind, facts)
