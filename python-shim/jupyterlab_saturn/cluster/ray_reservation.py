"""A node of a Ray cluster that Ray gives to nobody else: a placement group of all it shares out."""

from __future__ import annotations

import asyncio
from typing import Any

from .transport import ClusterNode, HandsUnreachable


class RayReservation:
    """A placement group of one bundle, on one node; none where Ray shares out nothing.

    Ray removes it when this process ends. Whole nodes, as Ray does not tell which GPUs of a node
    it would give to others: a part of them might be those that the session trains on.
    """

    def __init__(self, group: Any) -> None:
        self._group = group

    @classmethod
    async def ask(cls, node: ClusterNode) -> RayReservation:
        """Ask Ray for a node. Raises `HandsUnreachable`."""
        from ray.util import placement_group

        bundle = {name: amount for name, amount in node.capacity.items() if amount > 0}
        if not bundle:
            return cls(None)
        try:
            group = await asyncio.to_thread(
                placement_group,
                [bundle],
                strategy="STRICT_PACK",
                bundle_label_selector=[{"ray.io/node-id": node.key}],
            )
        except Exception as error:
            raise HandsUnreachable(str(error)) from error
        return cls(group)

    async def is_granted(self) -> bool:
        """Whether Ray has made the placement group."""
        from ray.util import placement_group_table

        if self._group is None:
            return True
        try:
            told = await asyncio.to_thread(placement_group_table, self._group)
        except Exception as error:
            raise HandsUnreachable(str(error)) from error
        return bool(told.get("state") == "CREATED")

    async def give_back(self) -> None:
        """Remove the placement group, or the wish for it."""
        from ray.util import remove_placement_group

        if self._group is None:
            return
        try:
            await asyncio.to_thread(remove_placement_group, self._group)
        except Exception as error:
            raise HandsUnreachable(str(error)) from error
