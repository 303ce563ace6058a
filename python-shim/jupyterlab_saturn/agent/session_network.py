"""The network in which the ranks of an agent's groups meet, out of reach of other users."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import SaturnError
from ..patience import patience

if TYPE_CHECKING:
    from ..training.runtime.network_namespace import NetworkAnswer, NetworkPlace

_log = logging.getLogger(__name__)

_COMMAND = (sys.executable, "-P", "-m", "jupyterlab_saturn.training.runtime.network_namespace")
_SECONDS = 20.0
_VARIABLE = "SATURN_NETWORK"


@dataclass(frozen=True)
class SessionNetwork:
    """A network namespace that exists as long as this process, or until it is closed.

    Attributes
    ----------
    place
        Where ranks enter it.
    """

    place: NetworkPlace
    _descriptors: tuple[int, ...]

    @classmethod
    def make(cls) -> SessionNetwork:
        """Make one.

        Raises
        ------
        SaturnError
            ``no-network``: the system allows none, or the user wants none
            (``SATURN_NETWORK=host``).
        """
        if os.environ.get(_VARIABLE) == "host":
            raise SaturnError("no-network", f"{_VARIABLE} is set to host.")
        if sys.platform != "linux":
            raise SaturnError("no-network", "This system has no network namespaces.")
        try:
            with _asked("The system allows no network namespace") as (maker, answer):
                network = cls._opened(maker, ("net", "user") if answer["user"] else ("net",))
            try:
                # Tried once here: each group whose ranks cannot would be lost.
                with _asked("A network namespace cannot be entered", json.dumps(network.place)):
                    return network
            except BaseException:
                network.close()
                raise
        except OSError as error:
            raise SaturnError(
                "no-network", f"A network namespace cannot be held: {error.strerror}."
            ) from error

    @classmethod
    def make_or_none(cls) -> SessionNetwork | None:
        """One, if it can be made; the log says why not."""
        try:
            return cls.make()
        except SaturnError as error:
            _log.warning("Ranks meet on the loopback interface of the machine. %s", error)
            return None

    @classmethod
    def _opened(cls, maker: int, kinds: tuple[str, ...]) -> SessionNetwork:
        held = [os.open(f"/proc/{maker}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC) for kind in kinds]
        network, *user = (f"/proc/{os.getpid()}/fd/{descriptor}" for descriptor in held)
        place: NetworkPlace = {"network": network}
        if user:
            place["user"] = user[0]
        return cls(place, tuple(held))

    def close(self) -> None:
        """Let it go; it is gone when no rank is in it any more."""
        for descriptor in self._descriptors:
            os.close(descriptor)


@contextlib.contextmanager
def _asked(refusal: str, *arguments: str) -> Iterator[tuple[int, NetworkAnswer]]:
    """Ask a process that makes a network namespace and is in it, or that is to enter one.

    Parameters
    ----------
    refusal
        What is said when it cannot, but for the reason.

    Returns
    -------
    tuple
        Its process id, for as long as this lasts, and what it says.

    Raises
    ------
    SaturnError
        ``no-network``.
    OSError
        The system gives no process.
    """
    process = subprocess.Popen(
        [*_COMMAND, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    # One that hangs, be it before a line of ours is run, is ended: its output then is, too.
    limit = threading.Timer(patience(_SECONDS), process.kill)
    limit.start()
    try:
        assert process.stdout is not None
        answer = _answer_in(process.stdout.readline())
        if "why" in answer:
            raise SaturnError("no-network", f"{refusal}: {answer['why']}.")
        yield process.pid, answer
    finally:
        limit.cancel()
        process.kill()
        process.communicate()


def _answer_in(line: bytes) -> NetworkAnswer:
    try:
        answer = json.loads(line)
    except ValueError:
        answer = None
    match answer:
        case {"why": str(why)}:
            return {"why": why}
        case {"user": bool(user)}:
            return {"user": user}
    said = line.decode(errors="replace").strip()
    return {"why": f"Python began with {said[:80]!r}" if said else "it broke, or took too long"}
