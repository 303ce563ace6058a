"""Where other nodes reach this one."""

from __future__ import annotations

import os
import socket

from ..errors import SaturnError

VARIABLE = "SATURN_ADDRESS"
"""Environment variable of the agent: the address, or a name that means it."""

# Of a network that is nobody's (RFC 5737): nothing is sent, only the route is looked up.
_NO_PORT = 9
_ANYWHERE = ("192.0.2.1", _NO_PORT)


def node_address(told: str | None = None, peer: str | None = None) -> str:
    """The address that is set, else the one told, else that by which this machine reaches others.

    Parameters
    ----------
    told
        By who knows this node, if anybody does.
    peer
        Address of one of the others, if known.

    Raises
    ------
    SaturnError
        ``no-address``.
    """
    known = os.environ.get(VARIABLE) or told
    try:
        if known:
            return str(socket.getaddrinfo(known, None, type=socket.SOCK_STREAM)[0][4][0])
        family = socket.AF_INET6 if ":" in (peer or "") else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as any_socket:
            any_socket.connect((peer, _NO_PORT) if peer else _ANYWHERE)
            return str(any_socket.getsockname()[0])
    except OSError as error:
        what = known or f"its way to {peer or 'others'}"
        raise SaturnError(
            "no-address",
            f"The address by which other nodes reach this one is not known: {what} leads nowhere "
            f"({error.strerror}).",
            f"Set {VARIABLE}, for the session's agent on this node, to its address.",
        ) from error
