"""The tasks of one run, as its ranks tell which of them are over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..training.runtime.event_sender import RankEvent
    from ..training.runtime.rank_order import FusedOrder, RankOrder, TrainOrder

LAST_WORDS = frozenset({"finished", "stopped", "failed"})
"""Events after which nothing is heard of one of several tasks."""


def orders_of(request: RankOrder) -> Mapping[str, TrainOrder | FusedOrder]:
    """What is asked for each of the tasks that are trained in one run; nothing of one alone."""
    if request["kind"] != "train" or "fused" not in request:
        return {}
    return {order["task"]["name"]: order for order in (request, *request["fused"])}


class RunMembers:
    """Knows which tasks of a request are trained still. Of one alone it knows nothing."""

    def __init__(self, request: RankOrder) -> None:
        self._all = frozenset(orders_of(request))
        self._running = set(self._all)

    @property
    def over(self) -> bool:
        """Whether there were several, and each has had its last word."""
        return bool(self._all) and not self._running

    def end(self, event: RankEvent) -> bool:
        """Note an event, if it is the last word of one of several. Returns whether it is."""
        name = event.get("task")
        if name not in self._all or event["kind"] not in LAST_WORDS:
            return False
        self._running.discard(name)
        return True
