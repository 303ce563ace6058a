"""A network of the session's own, in which its ranks meet.

``python -m jupyterlab_saturn.training.runtime.network_namespace`` makes one, tells it by a line of
JSON, and holds it until its input ends. With the JSON of a `NetworkPlace` it tries to enter that.

gloo, by which ranks agree, takes whoever connects first for the peer that it waits for, and any
user of a machine may connect to its loopback interface. In a namespace there is another one, which
only this user's processes can enter. A socket stays where the thread that made it was then: ranks
make those of gloo in a thread that is inside, and all else, the user's code and what it loads,
keeps the network of the machine. Loads no torch.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import os
import socket
import struct
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NotRequired, TypedDict, TypeVar

from ...errors import SaturnError

T = TypeVar("T")

_CLONE_NEWUSER = 0x10000000  # linux/sched.h
_CLONE_NEWNET = 0x40000000
_PR_SET_DUMPABLE = 4  # linux/prctl.h
_CAPABILITIES_VERSION = 0x20080522  # linux/capability.h
_SIOCSIFFLAGS = 0x8914  # linux/sockios.h
_IFF_UP = 0x1  # linux/if.h


class NetworkPlace(TypedDict):
    """Where a namespace can be entered: paths for setns(2).

    ``user`` is the user namespace that it belongs to, unless that is everybody's.
    """

    network: str
    user: NotRequired[str]


class NetworkAnswer(TypedDict):
    """What a process that was to make a namespace, or to enter one, says.

    ``why``: what the system has against it; ``user``: whether it took a user namespace.
    """

    why: NotRequired[str]
    user: NotRequired[bool]


class NetworkNamespace:
    """A namespace that this process has entered with one thread.

    Parameters
    ----------
    place
        Where it is. A user namespace is entered by all of the process, whose user keeps name and
        rights; programs that run as somebody else, such as ``sudo``, do not work in one. So this
        must be done before there is any other thread.

    Raises
    ------
    SaturnError
        ``no-network``.
    """

    def __init__(self, place: NetworkPlace) -> None:
        try:
            network = os.open(place["network"], os.O_RDONLY | os.O_CLOEXEC)
            try:
                if "user" in place:
                    _enter_user(place["user"])
                self._inside = ThreadPoolExecutor(1, thread_name_prefix="network")
                self._inside.submit(_call, "setns", network, _CLONE_NEWNET).result()
            finally:
                os.close(network)
            if "user" in place:
                # Within a user namespace one may do what one may not outside, such as write to
                # a folder of one's own that is closed.
                self._inside.submit(_give_up_capabilities).result()
                _give_up_capabilities()
        except OSError as error:
            raise SaturnError(
                "no-network",
                f"The network in which ranks meet cannot be entered: {error.strerror}.",
                "Start Jupyter with SATURN_NETWORK=host, to have them meet on the machine's own.",
            ) from error

    def run(self, work: Callable[[], T]) -> T:
        """Do something inside: all sockets that it makes, and all of its threads do, are there."""
        return self._inside.submit(work).result()


def of_request(path: Path | str) -> NetworkNamespace | None:
    """Enter the namespace that a group's request names, if it does. Raises SaturnError."""
    try:
        place: NetworkPlace | None = json.loads(Path(path).read_text("utf-8")).get("network")
    except (OSError, ValueError):  # told when the request is read for what to do
        return None
    return None if place is None else NetworkNamespace(place)


def _enter_user(path: str) -> None:
    user = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _call("setns", user, _CLONE_NEWUSER)
    finally:
        os.close(user)
    _stay_visible()


def _stay_visible() -> None:
    """Let the user look into this process, as into any other; new capabilities end that."""
    _call("prctl", _PR_SET_DUMPABLE, 1, 0, 0, 0)


def _give_up_capabilities() -> None:
    header, none = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION, 0), (ctypes.c_uint32 * 6)()
    _call("capset", header, none)


def _call(name: str, *arguments: object) -> None:
    """A function of the C library that returns -1 when it fails."""
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _make() -> bool:
    """Move into a new namespace. Returns whether it took a user namespace."""
    try:
        _call("unshare", _CLONE_NEWNET)
    except OSError as error:
        # Root in a user namespace would lose its rights over the files of others.
        if error.errno != errno.EPERM or os.getuid() == 0:
            raise
    else:
        return False
    user, group = os.geteuid(), os.getegid()
    _call("unshare", _CLONE_NEWUSER | _CLONE_NEWNET)
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    _stay_visible()
    return True


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))


def main(place: NetworkPlace | None = None) -> int:
    """Make a namespace and hold it, or enter one. Returns 0, or 1 when that cannot be."""
    answer: NetworkAnswer
    try:
        if place is None:
            answer = {"user": _make()}
            _raise_loopback()
        else:
            answer = {"user": "user" in place}
            NetworkNamespace(place)
    except (OSError, SaturnError) as error:
        answer = {"why": getattr(error.__cause__ or error, "strerror", None) or str(error)}
    sys.stdout.write(f"{json.dumps(answer)}\n")
    sys.stdout.flush()
    if "why" in answer:
        return 1
    sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(json.loads, sys.argv[1:])))
