"""Whose the processes are at the other end of connections on this machine. Loads no torch.

Where ranks meet on the loopback interface that all users share, gloo asks nobody who connects.
The kernel knows: it lists both ends of such a connection, each with its user.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ...errors import SaturnError

_ESTABLISHED = "01"  # net/tcp_states.h
# ::ffff:0:0/96, in the order of bytes of the tables: by such addresses IPv6 speaks to IPv4.
_MAPPED = "0000000000000000FFFF0000"


@dataclass(frozen=True)
class _End:
    """One end of a TCP connection: addresses as the kernel's tables have them."""

    local: str
    remote: str
    user: int
    inode: str


@contextmanager
def refusing_strangers() -> Iterator[None]:
    """Refuse connections with processes of other users that come to be meanwhile.

    Linux tells of whom they are; elsewhere nothing is refused.

    Raises
    ------
    SaturnError
        ``stranger-met``.
    """
    before = _sockets()
    yield
    made = _sockets() - before
    ends = _ends() if made else []
    users = {(end.local, end.remote): end.user for end in ends}
    for end in ends:
        if end.inode not in made:
            continue
        other = users.get((end.remote, end.local))
        if other != end.user:
            who = "an unknown user" if other is None else f"user {other}"
            raise SaturnError(
                "stranger-met",
                f"Where ranks meet, a process of {who} has connected in place of a rank. "
                "Nothing of the training was sent to it.",
                "Find out who does that. The ranks of a session can be kept apart from other users "
                "where the system allows network namespaces, of which %saturn doctor tells.",
            )


def _sockets() -> set[str]:
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


def _ends() -> list[_End]:
    """All established connections of this machine that the kernel lists (proc(5))."""
    found = []
    for table in ("tcp", "tcp6"):
        try:
            lines = Path("/proc/self/net", table).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            _, local, remote, state, _, _, _, user, _, inode, *_ = line.split()
            if state == _ESTABLISHED:
                found.append(_End(_plain(local), _plain(remote), int(user), inode))
    return found


def _plain(address: str) -> str:
    return address.removeprefix(_MAPPED)
