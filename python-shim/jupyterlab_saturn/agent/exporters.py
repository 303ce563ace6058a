"""The processes that tell experiment trackers, one each: what befalls one is no other's trouble."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from ..errors import SaturnError
from ..paths import SessionPaths
from ..private_folders import ensure_private
from ..trackers.catalogue import KINDS, kind_of
from ..wire import validate
from .backoff import RestartPause
from .child_process import end_child, start_child
from .log_tail import tail

if TYPE_CHECKING:
    from ..generated.wire_types import (
        Failure,
        TrackerName,
        TrackerReport,
        TrackerSecrets,
        TrackersSet,
        TrackerWish,
    )

_log = logging.getLogger(__name__)

_FIRST_PAUSE = 1.0
_END_SECONDS = 30.0
_LATE_SECONDS = 10.0

EXPORTER_COMMAND = (sys.executable, "-P", "-m", "jupyterlab_saturn.trackers")


class Exporters:
    """Keeps an exporter for each tracker that is wanted.

    Keys that trackers want are kept here, in memory, and given to the environment of their
    exporters alone: no other's holds them, whatever this process was started with.

    Parameters
    ----------
    paths
        Of the session.
    endpoint
        Where the engine listens.
    say
        Told each `TrackerReport`.
    command
        What to run.
    """

    def __init__(
        self,
        paths: SessionPaths,
        endpoint: str,
        say: Callable[[TrackerReport], None],
        *,
        command: Sequence[str] = EXPORTER_COMMAND,
    ) -> None:
        self._paths = paths
        self._endpoint = endpoint
        self._say = say
        self._command = tuple(command)
        self._secrets: dict[TrackerName, dict[str, str]] = {}
        self._kept: dict[TrackerName, _Exporter] = {}
        self._changing = asyncio.Lock()

    def keep_secrets(self, given: TrackerSecrets) -> None:
        """What the next exporter of a tracker finds in its environment."""
        self._secrets[given["tracker"]] = given["secrets"]

    async def set(self, wanted: TrackersSet) -> None:
        """Have these trackers told, and no others; it is said of each how it is."""
        wishes = {wish["tracker"]: wish for wish in wanted["trackers"]}
        # Now: what is given while others end is for those that are wanted next.
        for name in self._secrets.keys() - wishes.keys():
            del self._secrets[name]
        async with self._changing:
            for name, exporter in list(self._kept.items()):
                wish = wishes.get(name)
                if not exporter.is_for(wish, self._secrets.get(name, {})):
                    del self._kept[name]
                    await exporter.end()
            for name, wish in wishes.items():
                if name not in self._kept:
                    secrets = self._secrets.get(name, {})
                    self._kept[name] = _Exporter(self, wish, secrets)
                self._kept[name].wake()

    def lead_to(self, endpoint: str) -> None:
        """The engine listens elsewhere."""
        if endpoint != self._endpoint:
            self._endpoint = endpoint
            for exporter in self._kept.values():
                exporter.lead_to(endpoint)

    async def end(self) -> None:
        """Have none; what they know by then they tell."""
        async with self._changing:
            kept, self._kept = self._kept, {}
            await asyncio.gather(*(exporter.end() for exporter in kept.values()))

    @property
    def told(self) -> list[TrackerName]:
        """The trackers that are wanted."""
        return list(self._kept)

    # What follows is for its exporters.

    @property
    def endpoint(self) -> str:
        return self._endpoint

    @property
    def paths(self) -> SessionPaths:
        return self._paths

    @property
    def command(self) -> tuple[str, ...]:
        return self._command

    def tell(self, report: TrackerReport) -> None:
        self._say(report)


class _Exporter:
    """One tracker's process, made again when it is lost."""

    def __init__(self, shared: Exporters, wish: TrackerWish, secrets: Mapping[str, str]) -> None:
        self._shared = shared
        self._wish = wish
        self._secrets = dict(secrets)
        self._log = shared.paths.tracker_log(wish["tracker"])
        self._work: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._woken_at = 0.0
        self._told: TrackerReport = {
            "tracker": wish["tracker"],
            "state": "starting",
            "runs": 0,
            "steps": 0,
        }

    def is_for(self, wish: TrackerWish | None, secrets: Mapping[str, str]) -> bool:
        """Whether this is what is wanted."""
        return wish == self._wish and dict(secrets) == self._secrets

    def wake(self) -> None:
        """There may be something to tell; it is said again how it is."""
        self._woken_at = time.monotonic()
        missing = [name for name in self._wish.get("secrets", []) if name not in self._secrets]
        if missing:
            self._told = {**self._told, "state": "failing", "error": self._no_key(missing)}
        elif self._work is None or self._work.done():
            self._work = asyncio.create_task(self._keep())
        self._shared.tell(self._told)

    def lead_to(self, endpoint: str) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(f"{json.dumps(endpoint)}\n".encode())

    async def end(self) -> None:
        """Let it tell what it knows, and wait until it is gone."""
        work, self._work = self._work, None
        if work is not None:
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work

    async def _keep(self) -> None:
        pause = RestartPause(_FIRST_PAUSE)
        while True:
            begun = time.monotonic()
            try:
                code = await self._live()
            except Exception:
                _log.exception("An exporter cannot be started, or understood.")
                code = -1
            if code == 0 and self._told["state"] == "told":
                if time.monotonic() - self._woken_at > _LATE_SECONDS:
                    return
                continue  # it may not have known what it was woken for
            seconds = pause.after(time.monotonic() - begun)
            _log.warning("The exporter of %s is lost (%s).", self._wish["tracker"], code)
            self._tell({**self._told, "state": "failing", "error": self._died(code).to_json()})
            await asyncio.sleep(seconds)

    async def _live(self) -> int:
        """The life of one process; how it ended."""
        ensure_private(self._shared.paths.trackers)
        command = (*self._shared.command, str(self._shared.paths.folder))
        process = await start_child(command, self._log, self._environment())
        self._process = process
        try:
            assert process.stdin is not None and process.stdout is not None
            task = {"endpoint": self._shared.endpoint, "wish": self._wish}
            process.stdin.write(f"{json.dumps(task)}\n".encode())
            async for line in process.stdout:
                self._read(line)
            return await process.wait()
        finally:
            self._process = None
            await end_child(process, _END_SECONDS)

    def _environment(self) -> dict[str, str]:
        secret = {name for kind in KINDS for name in kind.secrets}
        kept = {name: value for name, value in os.environ.items() if name not in secret}
        return {**kept, **kind_of(self._wish["tracker"]).environment, **self._secrets}

    def _read(self, line: bytes) -> None:
        try:
            report = json.loads(line)
            validate("TrackerReport", report)
        except (SaturnError, ValueError) as error:
            _log.warning("An exporter says something strange. %s", error)
            return
        self._tell(cast("TrackerReport", report))

    def _tell(self, report: TrackerReport) -> None:
        self._told = report
        self._shared.tell(report)

    def _died(self, code: int) -> SaturnError:
        error = SaturnError(
            "exporter-died",
            f"The process that tells {kind_of(self._wish['tracker']).title} ended, with code "
            f"{code}.",
            f"It is made again by itself, and nothing is told twice. Its log is {self._log}.",
        )
        error.traceback = tail(self._log)
        return error

    def _no_key(self, missing: Sequence[str]) -> Failure:
        name = self._wish["tracker"]
        return SaturnError(
            "no-key",
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not known any more: "
            "keys are kept in memory only, and the session's agent was started anew.",
            f"Give it again: in a notebook that has it in its environment, %saturn track {name} "
            "with the options as before.",
        ).to_json()
