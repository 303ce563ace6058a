"""How the ranks of a group over several nodes find each other, on the network between them.

Nothing of it is kept from others: PyTorch's store answers whoever reaches its port, and gloo and
NCCL take who connects first for the peer that they wait for. Whose network it is must trust it.
"""

from __future__ import annotations

import ctypes
import json
import secrets
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import torch.distributed as dist

from ...errors import SaturnError

if TYPE_CHECKING:
    from torch._C._distributed_c10d import Store

    from ...generated.wire_types import Meeting

_KEY = "meeting"


@dataclass(frozen=True, kw_only=True)
class NodeMeeting:
    """The part that this node has of a group, about to meet the others.

    Attributes
    ----------
    ranks
        How many are on this node.
    address
        Of this node, by which the others reach it.
    rendezvous
        Path of a file that does not exist yet, where the ranks of this node find each other.
    told
        Where the others are to be met; None on the node of rank 0, which chooses.
    tell
        Called on rank 0 with where it has chosen.
    """

    ranks: int
    address: str
    rendezvous: Path
    told: Meeting | None
    tell: Callable[[Meeting], None]

    def store(self, rank: int, size: int, timeout: timedelta) -> Store:
        """The store in which all ranks meet. Raises SaturnError ``no-meeting``."""
        if self.told is not None:
            return _store(self.told, size, timeout)
        here = dist.FileStore(str(self.rendezvous), self.ranks)  # type: ignore[attr-defined]
        here.set_timeout(timeout)
        if rank > 0:
            return _store(json.loads(here.get(_KEY)), size, timeout)
        try:
            # Listened at before it is told, and at this address alone.
            listener = socket.create_server(
                (self.address, 0), family=_family(self.address), backlog=size
            )
        except OSError as error:
            raise SaturnError(
                "no-meeting",
                f"Rank 0 cannot wait for the other nodes at {self.address}: {error.strerror}.",
                "Set SATURN_ADDRESS, for the session's agent on this node, to an address of it "
                "that the other nodes reach.",
            ) from error
        meeting: Meeting = {
            "host": self.address,
            "port": listener.getsockname()[1],
            "name": secrets.token_hex(8),
        }
        store = _store(meeting, size, timeout, listener.detach())
        here.set(_KEY, json.dumps(meeting))
        self.tell(meeting)
        return store


def _store(meeting: Meeting, size: int, timeout: timedelta, listener: int | None = None) -> Store:
    """The store of a meeting, which this process has when it is given what it listens at."""
    try:
        store = dist.TCPStore(  # type: ignore[attr-defined]
            meeting["host"],
            meeting["port"],
            size,
            is_master=listener is not None,
            timeout=timeout,
            wait_for_workers=False,
            master_listen_fd=listener,
        )
    except dist.DistError as error:
        raise SaturnError(
            "no-meeting",
            f"The first rank cannot be reached at {meeting['host']}, port {meeting['port']}: "
            f"{str(error).partition('. ')[0]}.",
            "Nodes on which tasks span must reach each other on any port.",
        ) from error
    return dist.PrefixStore(meeting["name"], store)  # type: ignore[attr-defined]


def interface_of(address: str) -> str:
    """Name of the network interface that has an address. Raises SaturnError ``no-interface``."""
    if sys.platform != "linux":
        raise SaturnError("no-interface", "Tasks span nodes that run Linux only.")
    packed = socket.inet_pton(_family(address), address)
    for name, each in _addresses():
        if each == packed:
            return name
    raise SaturnError(
        "no-interface",
        f"No network interface of this machine has the address {address}.",
        "Set SATURN_ADDRESS, for the session's agent on this node, to an address of it that the "
        "other nodes reach.",
    )


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


class _Interface(ctypes.Structure):
    """``struct ifaddrs`` of getifaddrs(3), as far as it is read."""


_Interface._fields_ = (
    ("next", ctypes.POINTER(_Interface)),
    ("name", ctypes.c_char_p),
    ("flags", ctypes.c_uint),
    ("address", ctypes.POINTER(ctypes.c_char)),
)


def _addresses() -> Iterator[tuple[str, bytes]]:
    """Names of the interfaces of a Linux machine with their addresses."""
    system = ctypes.CDLL(None, use_errno=True)
    first = ctypes.POINTER(_Interface)()
    if system.getifaddrs(ctypes.byref(first)) != 0:
        return
    try:
        entry = first
        while entry:
            each = entry.contents
            if each.address:
                (family,) = struct.unpack("=H", each.address[:2])
                if family == socket.AF_INET:
                    yield each.name.decode(), each.address[4:8]
                elif family == socket.AF_INET6:
                    yield each.name.decode(), each.address[8:24]
            entry = each.next
    finally:
        system.freeifaddrs(first)
