"""Whether a Ray cluster may be joined: it is there, it is not open to all, and it lets us in."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import sys
from typing import TYPE_CHECKING

from ..errors import SaturnError
from ..patience import patience
from ..plain_text import printable_lines

if TYPE_CHECKING:
    from ..generated.wire_types import RayRequest

_CONNECT_SECONDS = 5.0
_PROBE_SECONDS = 60.0
_MODE = "RAY_AUTH_MODE"


def require_ray() -> None:
    """Raise SaturnError ``no-ray`` where Ray is not installed."""
    if importlib.util.find_spec("ray") is None:
        raise SaturnError(
            "no-ray",
            "Ray is not installed here, so no Ray cluster can be joined.",
            "Install it with: pip install 'jupyterlab-saturn[ray]'",
        )


async def admitted(request: RayRequest) -> str:
    """The address of a cluster that lets us in, and nobody without a token unless asked for.

    From then on, Ray in this process shows the token that it was let in with.

    Raises
    ------
    SaturnError
        ``no-ray``, ``no-such-cluster``, ``open-cluster``, ``bad-token``.
    """
    require_ray()
    await _require_answer(request["address"])
    mode = os.environ.get(_MODE, "token")
    without, with_token = await asyncio.gather(
        _probe(request["address"], "disabled"), _probe(request["address"], mode)
    )
    if not without.address:
        raise _no_such_cluster(request["address"], without.words)
    if without.refused:
        if with_token.refused or not with_token.address:
            raise SaturnError(
                "bad-token",
                f"The Ray cluster at {without.address} does not take "
                + ("the token that was found." if with_token.address else "us without a token."),
                "On the cluster's head, `ray get-auth-token` prints its token. Put it in "
                f"{_token_place()} on this machine, readable by you alone, and join again.",
            )
        os.environ[_MODE] = mode
    elif not request.get("open", False):
        raise SaturnError(
            "open-cluster",
            f"The Ray cluster at {without.address} is open: anybody who reaches it may run code "
            "as you.",
            "Start it with a token (RAY_AUTH_MODE=token on all nodes, a token made by "
            "`ray get-auth-token --generate`); or, where nobody else reaches its network, join it "
            "with --open.",
        )
    return without.address


def _token_place() -> str:
    """Where Ray looks for our token first."""
    if os.environ.get("RAY_AUTH_TOKEN"):
        return "the variable RAY_AUTH_TOKEN with which the session's agent was started"
    return os.environ.get("RAY_AUTH_TOKEN_PATH") or "~/.ray/auth_token"


class _Answer:
    """What a probe found: an address where Ray answered, and whether it refused us."""

    def __init__(self, output: bytes, words: str) -> None:
        told = json.loads(output) if output else {}
        self.address = str(told.get("address", ""))
        self.refused = told.get("refused") is True
        self.words = words


async def _probe(address: str, mode: str) -> _Answer:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", f"{__package__}.ray_probe", address),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {_MODE: mode, "RAY_USAGE_STATS_ENABLED": "0"},
    )
    try:
        async with asyncio.timeout(patience(_PROBE_SECONDS)):
            output, errors = await process.communicate()
    except TimeoutError:
        return _Answer(b"", "It did not answer in time.")
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    lines = printable_lines(errors.decode(errors="replace")).strip().splitlines()
    with contextlib.suppress(ValueError):
        return _Answer(output.strip().splitlines()[-1] if output.strip() else b"", _last(lines))
    return _Answer(b"", _last(lines))


def _last(lines: list[str]) -> str:
    return lines[-1] if lines else ""


async def _require_answer(address: str) -> None:
    """Ray would wait for half a minute where nobody listens."""
    host, _, port = address.rpartition(":")
    if address == "auto":
        return
    if not host or not port.isdecimal() or "/" in host:
        raise SaturnError(
            "bad-address",
            f"{address!r} is no address of a Ray cluster.",
            "Write auto, for the cluster of this machine, or HOST:PORT of its head, as "
            "`ray start --head` printed it, e.g. --ray 10.0.0.1:6379.",
        )
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    except (OSError, TimeoutError, OverflowError) as error:
        raise _no_such_cluster(address, str(error)) from error
    writer.close()


def _no_such_cluster(address: str, why: str) -> SaturnError:
    where = "on this machine" if address == "auto" else f"at {address}"
    return SaturnError(
        "no-such-cluster",
        f"No Ray cluster answers {where}." + (f" {why}" if why else ""),
        "Start Ray on this machine as a node of the cluster (ray start --address=HOST:PORT), and "
        "give the address of its head.",
    )
