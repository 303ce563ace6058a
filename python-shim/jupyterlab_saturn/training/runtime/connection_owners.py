"""Whose the processes are at the other end of connections on this machine. Loads no torch.

Where ranks meet on the loopback interface that all users share, gloo asks nobody who connects.
The kernel knows: it lists both ends of such a connection, each with its user.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from ...errors import SaturnError

_ESTABLISHED, _LISTENS = "01", "0A"  # net/tcp_states.h
# ::ffff:0:0/96, in the order of bytes of the tables: by such addresses IPv6 speaks to IPv4.
_MAPPED = "0000000000000000FFFF0000"
_NO_FILE = "0"
"""Inode of a socket that no process has: here of one that its listener has not accepted yet."""

_NETWORK = Path("/proc/self/net")
_PATIENCE_SECONDS = 2.0
"""For which an end may be missing: the tables are no picture of one moment."""
_AGAIN_SECONDS = 0.02


@dataclass(frozen=True)
class _Socket:
    """A TCP socket: state and addresses as the kernel's tables have them."""

    local: str
    remote: str
    state: str
    user: int
    inode: str


@contextmanager
def refusing_strangers() -> Iterator[None]:
    """Refuse connections on loopback with processes of other users that come to be meanwhile.

    Linux tells of whom they are; elsewhere nothing is refused.

    Raises
    ------
    SaturnError
        ``stranger-met``.
    """
    before = _own_sockets()
    yield
    made = _own_sockets() - before
    until = time.monotonic() + _PATIENCE_SECONDS
    while made and (others := strangers(made)):
        user = next((user for user in others if user is not None), None)
        if user is None and time.monotonic() < until:
            time.sleep(_AGAIN_SECONDS)
            continue
        who = "an unknown user" if user is None else f"user {user}"
        raise SaturnError(
            "stranger-met",
            f"Where ranks meet, a process of {who} has connected in place of a rank. "
            "Nothing of the training was sent to it.",
            "Find out who does that. The ranks of a session can be kept apart from other users "
            "where the system allows network namespaces, of which %saturn doctor tells.",
        )


def strangers(made: Set[str], network: Path = _NETWORK) -> list[int | None]:
    """Users at the other ends of loopback connections that are not the user of this end.

    Parameters
    ----------
    made
        Inodes of the sockets at this end.
    network
        Folder of the kernel's tables (proc(5)).

    Returns
    -------
    list of int or None
        None where the other end is not to be found.
    """
    sockets = _sockets(network)
    ends = {(each.local, each.remote): each for each in sockets if each.state == _ESTABLISHED}
    listeners = {each.local: each.user for each in sockets if each.state == _LISTENS}
    found = []
    for end in ends.values():
        if end.inode not in made or not _is_loopback(end.remote):
            continue
        other = ends.get((end.remote, end.local))
        user = None if other is None else other.user
        if other is not None and other.inode == _NO_FILE:
            # Its user is told as root, before Linux 6.17. Who listens has what it has not accepted.
            user = next((listeners[at] for at in _places(end.remote) if at in listeners), None)
        if user != end.user:
            found.append(user)
    return found


def _own_sockets() -> set[str]:
    """Inodes of the sockets that this process has open."""
    found: set[str] = set()
    folder = Path("/proc/self/fd")
    for descriptor in folder.iterdir() if folder.is_dir() else ():
        try:
            name = str(descriptor.readlink())
        except OSError:  # closed meanwhile
            continue
        if name.startswith("socket:["):
            found.add(name[len("socket:[") : -1])
    return found


def _sockets(network: Path) -> list[_Socket]:
    """All TCP sockets of this machine that the kernel lists."""
    found = []
    for table in ("tcp", "tcp6"):
        try:
            lines = (network / table).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            _, local, remote, state, _, _, _, user, _, inode, *_ = line.split()
            found.append(_Socket(_plain(local), _plain(remote), state, int(user), inode))
    return found


def _plain(address: str) -> str:
    return address.removeprefix(_MAPPED)


def _is_loopback(address: str) -> bool:
    host = address.partition(":")[0]
    words = [int(host[start : start + 8], 16) for start in range(0, len(host), 8)]
    # Each word is told as a number of this machine, but lies in the order of the network.
    return ip_address(struct.pack(f"={len(words)}I", *words)).is_loopback


def _places(address: str) -> tuple[str, ...]:
    """Where who listens at an address may be listed: there, or at all addresses of the machine."""
    port = address.partition(":")[2]
    return address, f"{'0' * 8}:{port}", f"{'0' * 32}:{port}"
