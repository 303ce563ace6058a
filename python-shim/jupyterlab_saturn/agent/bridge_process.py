"""The bridge to other nodes: a process of its own, made again when it is lost."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ..errors import SaturnError, failure_of
from ..files.session_store import forget_arrivals
from ..paths import SessionPaths
from ..wire import validate
from .backoff import RestartPause
from .child_process import end_child, start_child
from .log_tail import tail

if TYPE_CHECKING:
    from ..generated.wire_types import BridgeReport, BridgeRequest

_log = logging.getLogger(__name__)

_FIRST_PAUSE = 1.0
_END_SECONDS = 20.0

BRIDGE_COMMAND = (sys.executable, "-P", "-m", "jupyterlab_saturn.cluster")


class BridgeProcess:
    """Keeps a bridge running while one is wanted.

    Ray ends processes that are connected to it, and takes a part of a gigabyte: neither is for the
    agent. Its standard input is a pipe that this process holds, whose end tells it to leave.

    Parameters
    ----------
    folder
        Of the session.
    node
        Id of this node.
    endpoint
        Where the engine listens.
    log
        File for what the bridge, and Ray in it, print.
    say
        Told each `BridgeReport`.
    command
        What to run.
    first_pause
        Seconds before one that was lost is made again; twice as long each further time.
    """

    def __init__(
        self,
        folder: Path,
        node: str,
        endpoint: str,
        log: Path,
        say: Callable[[BridgeReport], None],
        *,
        command: Sequence[str] = BRIDGE_COMMAND,
        first_pause: float = _FIRST_PAUSE,
    ) -> None:
        self._folder = folder
        self._node = node
        self._endpoint = endpoint
        self._log = log
        self._say = say
        self._command = tuple(command)
        self._first_pause = first_pause
        self._work: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._changing = asyncio.Lock()
        self._told: BridgeReport = {"state": "ended"}
        self._joined: str | None = None
        self._reserves = False
        self.request: BridgeRequest | None = None

    async def start(self, request: BridgeRequest) -> None:
        """Have a bridge to a cluster, in place of another; of one that is up it is said again."""
        async with self._changing:
            if request == self.request and self._told["state"] != "failed":
                self._say(self._told)
                return
            await self._stop()
            self.request = request
            self._tell({"state": "starting"})
            self._work = asyncio.create_task(self._keep(request))

    async def stop(self) -> None:
        """Have no bridge. It is said that it has ended, also when there was none."""
        async with self._changing:
            await self._stop()
            self._told = {"state": "ended"}
        self._say(self._told)

    async def end(self) -> None:
        """Have no bridge, without a word."""
        async with self._changing:
            await self._stop()

    async def reserve(self, wanted: bool) -> None:
        """There is work for the nodes, or none: see the wire's ``RayRequest.reserve``."""
        async with self._changing:
            if wanted != self._reserves:
                self._reserves = wanted
                self._change({"reserve": wanted})

    def lead_to(self, endpoint: str) -> None:
        """The engine listens elsewhere."""
        if endpoint != self._endpoint:
            self._endpoint = endpoint
            self._change({"endpoint": endpoint})

    def _change(self, change: dict[str, object]) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(f"{json.dumps(change)}\n".encode())

    async def _stop(self) -> None:
        work, self._work, self.request = self._work, None, None
        if work is not None:
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work
        self._joined = None
        self._reserves = False

    async def _keep(self, request: BridgeRequest) -> None:
        pause = RestartPause(self._first_pause)
        while True:
            begun = time.monotonic()
            failed = await self._outcome(request)
            seconds = pause.after(time.monotonic() - begun)
            _log.warning("The bridge is lost; again in %g s.", seconds)
            if self._told.get("error", {}).get("code") != failed["error"]["code"]:
                self._tell(failed)  # once, however often it is tried
            await asyncio.sleep(seconds)

    async def _outcome(self, request: BridgeRequest) -> BridgeReport:
        try:
            return await self._live(request)
        except Exception as error:
            _log.exception("The bridge cannot be started, or understood.")
            return {"state": "failed", "error": failure_of(error)}

    async def _live(self, request: BridgeRequest) -> BridgeReport:
        """The life of one bridge; its last word, or why it died without one."""
        process = await start_child(
            (*self._command, str(self._folder)),
            self._log,
            os.environ | {"RAY_USAGE_STATS_ENABLED": "0"},
        )
        self._process = process
        try:
            assert process.stdin is not None and process.stdout is not None
            if self._joined is not None:
                # The cluster that it was in: `auto` may find another now.
                request = {"ray": {**request["ray"], "address": self._joined}}
            task = {
                "own": self._node,
                "endpoint": self._endpoint,
                "request": request,
                "reserve": self._reserves,
            }
            process.stdin.write(f"{json.dumps(task)}\n".encode())
            async for line in process.stdout:
                report = self._read(line)
                if report is not None and report["state"] == "failed":
                    await process.wait()
                    return report
                if report is not None and report["state"] == "connected":
                    self._joined = report.get("address", self._joined)
                    self._tell(report)
                elif report is not None and self._joined is None:
                    self._tell(report)  # which nodes are being joined
            code = await process.wait()
        finally:
            self._process = None
            await end_child(process, _END_SECONDS)
            # Of one that was killed: its nodes may never come back.
            await asyncio.to_thread(forget_arrivals, SessionPaths.of_folder(self._folder))
        error = SaturnError(
            "bridge-died",
            f"The bridge to the cluster ended without a word, with code {code}. Ray ends it when "
            "the cluster's head is away for a minute.",
            f"It is made again by itself. Its log is {self._log}.",
        )
        error.traceback = tail(self._log)
        return {"state": "failed", "error": error.to_json()}

    def _tell(self, report: BridgeReport) -> None:
        self._told = report
        self._say(report)

    def _read(self, line: bytes) -> BridgeReport | None:
        try:
            report = json.loads(line)
            validate("BridgeReport", report)
        except (SaturnError, ValueError) as error:
            _log.warning("The bridge says something strange. %s", error)
            return None
        return cast("BridgeReport", report)
