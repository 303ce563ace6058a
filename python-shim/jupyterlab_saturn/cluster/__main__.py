"""``python -m jupyterlab_saturn.cluster FOLDER``: be a session's bridge, as a child of its agent.

Its standard input gives JSON lines: a `BridgeTask`, then `BridgeChange` ones; its end says that the
agent is gone, or wants no bridge any more. On its standard output are `BridgeReport` lines; all
that Ray prints goes to standard error, which is a log.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from typing import TYPE_CHECKING, TextIO, TypedDict, cast

from ..errors import SaturnError, failure_of
from ..paths import SessionPaths
from ..training.runtime import parent_death
from ..wire import validate
from .bridge import Bridge

if TYPE_CHECKING:
    from ..generated.wire_types import BridgeReport, BridgeRequest


class BridgeTask(TypedDict):
    """What a bridge is to do."""

    own: str
    endpoint: str
    request: BridgeRequest
    reserve: bool


class BridgeChange(TypedDict, total=False):
    """What is other from now on."""

    endpoint: str
    reserve: bool


async def _work(
    folder: str, task: BridgeTask, lines: asyncio.StreamReader, reports: TextIO
) -> None:
    def report(told: BridgeReport) -> None:
        print(json.dumps(told), file=reports, flush=True)

    async def listen() -> None:
        while line := await lines.readline():
            change: BridgeChange = json.loads(line)
            if "endpoint" in change:
                bridge.lead_to(change["endpoint"])
            if "reserve" in change:
                bridge.reserve(change["reserve"])

    # Ray is loaded in this process alone, and where it is missing nothing else suffers.
    from .ray_transport import RayTransport

    ray = task["request"]["ray"]
    bridge = Bridge(
        RayTransport(ray, folder),
        SessionPaths.of_folder(folder),
        ray,
        own=task["own"],
        endpoint=task["endpoint"],
        report=report,
    )
    bridge.reserve(task["reserve"])
    working = asyncio.create_task(bridge.run())
    listening = asyncio.create_task(listen())
    await asyncio.wait((working, listening), return_when=asyncio.FIRST_COMPLETED)
    listening.cancel()
    working.cancel()
    try:
        await working
    except asyncio.CancelledError:
        report({"state": "ended"})
    except Exception as error:
        if not isinstance(error, SaturnError):
            logging.getLogger(__name__).exception("The bridge broke.")
        report({"state": "failed", "error": failure_of(error)})


async def _main() -> None:
    # Libraries print to 1: it becomes the log.
    reports = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    task = json.loads(await lines.readline())
    validate("BridgeRequest", task["request"])
    await _work(sys.argv[1], cast(BridgeTask, task), lines, reports)
    # Ray's threads may hang where its cluster does.
    os._exit(0)


if __name__ == "__main__":
    parent_death.bind()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    asyncio.run(_main())
