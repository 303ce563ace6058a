"""What an agent said and the engine has not yet written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..generated.wire_types import AgentMessage


class UnackedMessages:
    """Messages without acknowledgement, in the order they were first sent."""

    def __init__(self) -> None:
        self._messages: dict[str, AgentMessage] = {}

    def keep(self, envelope: AgentMessage) -> None:
        """Remember a message until it is acknowledged."""
        self._messages[envelope["id"]] = envelope

    def acknowledge(self, id: str) -> bool:
        """Forget a message; False when none of that id is kept."""
        return self._messages.pop(id, None) is not None

    def pending(self) -> list[AgentMessage]:
        """The messages to say again to a new engine, oldest first."""
        return list(self._messages.values())
