"""Which devices the user wants, checked before anybody is asked for them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..errors import SaturnError

if TYPE_CHECKING:
    from ..generated.wire_types import DeviceRequest

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kMGT]?i?)B?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_MIN_MEMORY = 2**20
_MAX_COUNT = 1024


def parse_bytes(text: str | int) -> int:
    """Bytes of a size such as ``4GB`` (10**9) or ``4GiB`` (2**30).

    Raises SaturnError ``bad-memory``.
    """
    match = _SIZE.fullmatch(str(text).strip())
    size = 0
    if match:
        unit = match[2].lower()
        base = 1024 if unit.endswith("i") else 1000
        size = int(float(match[1]) * base ** _POWERS.get(unit.removesuffix("i"), 0))
    if size < _MIN_MEMORY:
        raise SaturnError(
            "bad-memory",
            f"{text!r} is no amount of memory for a device.",
            "Write at least 1MB, e.g. 4GB, 1500MB or 4GiB.",
        )
    return size


def device_request(
    cpu: int | None = None, gpu: int | bool | None = None, memory: str | int | None = None
) -> DeviceRequest:
    """The wire's ``DeviceRequest``: what is there when neither `cpu` nor `gpu` is given.

    Parameters
    ----------
    cpu
        Number of virtual CPU devices.
    gpu
        Number of GPUs; all there are when True.
    memory
        Memory limit of each virtual CPU device.

    Raises
    ------
    SaturnError
        ``no-devices`` for a count below one, ``bad-devices`` for a mixture, ``bad-memory``.
    """
    if cpu is not None and gpu is not None:
        raise SaturnError(
            "bad-devices", "A session trains on CPU devices or on GPUs, not on both.", "Choose one."
        )
    if memory is not None and cpu is None:
        raise SaturnError(
            "bad-devices",
            "Only virtual CPU devices take a memory limit.",
            "Write e.g.: %saturn cluster --cpu 2 --memory 4GB",
        )
    if cpu is None and gpu is None:
        return {"kind": "auto"}
    request: DeviceRequest = {"kind": "cpu" if gpu is None else "cuda"}
    if gpu is not True:
        request["count"] = _count(cpu if gpu is None else gpu)
    if memory is not None:
        request["memoryBytes"] = parse_bytes(memory)
    return request


def _count(count: int | None) -> int:
    if isinstance(count, int) and 1 <= count <= _MAX_COUNT:
        return int(count)
    raise SaturnError(
        "no-devices",
        f"A cluster of {count} devices can train nothing."
        if count == 0
        else f"{count} is no number of devices.",
        f"Ask for 1 to {_MAX_COUNT}, e.g.: %saturn cluster --cpu 2",
    )
