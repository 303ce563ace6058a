"""Where other nodes reach this one."""

from __future__ import annotations

import os
import socket

from ..errors import SaturnError

VARIABLE = "SATURN_ADDRESS"
"""Environment variable of the agent: the address, or a name that means it."""

# Of a network that is nobody's (RFC 5737): nothing is sent, only the route is looked up.
_ANYWHERE = ("192.0.2.1", 9)


def node_address() -> str:
    """The address that is set, else that by which this machine reaches others.

    Raises
    ------
    SaturnError
        ``no-address``.
    """
    told = os.environ.get(VARIABLE)
    try:
        if told:
            return str(socket.getaddrinfo(told, None, type=socket.SOCK_STREAM)[0][4][0])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            any_socket.connect(_ANYWHERE)
            return str(any_socket.getsockname()[0])
    except OSError as error:
        what = f"{VARIABLE}={told}" if told else "its way to others"
        raise SaturnError(
            "no-address",
            f"The address by which other nodes reach this one is not known: {what} leads nowhere "
            f"({error.strerror}).",
            f"Set {VARIABLE}, for the session's agent on this node, to its address.",
        ) from error
