"""The network in which the ranks of an agent's groups meet, out of reach of other users."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import SaturnError

if TYPE_CHECKING:
    from ..training.runtime.network_namespace import NetworkAnswer, NetworkPlace

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
        maker = subprocess.Popen(
            _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        try:
            assert maker.stdout is not None
            answer: NetworkAnswer = json.loads(maker.stdout.readline() or b'{"why": "it broke"}')
            if "why" in answer:
                raise SaturnError(
                    "no-network", f"The system allows no network namespace: {answer['why']}."
                )
            return cls._opened(maker.pid, ("net", "user") if answer["user"] else ("net",))
        except OSError as error:
            raise SaturnError(
                "no-network", f"A network namespace cannot be held: {error.strerror}."
            ) from error
        finally:
            maker.communicate(timeout=_SECONDS)

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
