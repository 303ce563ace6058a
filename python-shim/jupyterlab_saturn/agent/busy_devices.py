"""The devices that were refused, as others had them for themselves, until they are free again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from .device_leases import DeviceLeases

if TYPE_CHECKING:
    from ..generated.wire_types import AgentMessage, Device, Failure

_CODE = "device-busy"

_AGAIN_SECONDS = 60.0
"""Whether a program that is no session is done with a GPU only a try can tell."""


class BusyDevices:
    """Devices for which the session waits, by what it was told of them.

    Parameters
    ----------
    leases
        They tell whether another session holds a device.
    clock
        Seconds, of any beginning.
    """

    def __init__(self, leases: DeviceLeases, clock: Callable[[], float] = time.monotonic) -> None:
        self._leases = leases
        self._clock = clock
        self._since: dict[str, tuple[float, bool]] = {}

    def note(self, told: AgentMessage, devices: Iterable[Device]) -> None:
        """Look at a report to the engine: does it say that a device of this node was refused?"""
        error = _error_of(told)
        if error is None or error["code"] != _CODE:
            return
        refused = set(error.get("devices", ()))
        for device in devices:
            if device["id"] in refused:
                self._since[device["id"]] = self._clock(), self._leases.refused(device)

    def freed(self, devices: Iterable[Device]) -> list[str]:
        """Ids of those that are to be had again, or may be; each is told once."""
        free = [device["id"] for device in devices if self._is_back(device)]
        for id in free:
            del self._since[id]
        return free

    def _is_back(self, device: Device) -> bool:
        if device["id"] not in self._since:
            return False
        since, was_leased = self._since[device["id"]]
        is_due = was_leased or self._clock() - since >= _AGAIN_SECONDS
        return is_due and self._leases.is_free(device)


def _error_of(told: AgentMessage) -> Failure | None:
    match told["type"]:
        case "group.event":
            return told["body"].get("error")
        case "inspect.results":
            # On a device there is but one.
            return told["body"]["results"][0].get("error")
        case "trial.result":
            return told["body"].get("cell", {}).get("error")
        case _:
            return None
