"""The engine's process: found, started, restarted when it dies, and ended with the agent."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import math
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path

from ..errors import SaturnError
from ..nodejs import find_node
from ..paths import SessionPaths
from .child_process import end_child
from .engine_lock import EngineLock
from .log_tail import tail

_log = logging.getLogger(__name__)

_DEATHS = 5
_WINDOW_SECONDS = 60.0
_FIRST_DELAY = 0.1
_LAST_DELAY = 5.0
_END_SECONDS = 5.0
_IDLE_SECONDS = 120.0
_CANNOT_OPEN = 65
"""Exit code of an engine that would fail in the same way if it were started again."""


def engine_bundle() -> Path:
    """The engine's program: ``$SATURN_ENGINE`` when set, else the one inside the package.

    Raises
    ------
    SaturnError
        ``no-engine``: it is not there.
    """
    chosen = os.environ.get("SATURN_ENGINE")
    bundle = (
        Path(chosen)
        if chosen
        else Path(str(resources.files("jupyterlab_saturn"))) / "engine" / "engine.mjs"
    )
    if not bundle.is_file():
        raise SaturnError(
            "no-engine",
            f"The engine is not where it belongs, at {bundle}.",
            "Install jupyterlab_saturn again; in a clone of its sources: npm run build",
        )
    return bundle


def idle_seconds() -> float:
    """How long an idle session nobody looks at keeps its engine: ``$SATURN_IDLE_SECONDS``.

    Raises
    ------
    SaturnError
        ``bad-setting``: it is no number of seconds.
    """
    text = os.environ.get("SATURN_IDLE_SECONDS", "")
    if not text:
        return _IDLE_SECONDS
    with contextlib.suppress(ValueError):
        seconds = float(text)
        if seconds >= 0 and math.isfinite(seconds):
            return seconds
    raise SaturnError(
        "bad-setting",
        f"SATURN_IDLE_SECONDS is {text!r}, which is no number of seconds.",
        "Unset it, or set it to a number such as 120.",
    )


def engine_command(paths: SessionPaths) -> list[str]:
    """What to run as a session's engine, but for where it is to listen.

    Raises
    ------
    SaturnError
        ``no-node``, ``no-engine``, ``bad-setting``.
    """
    return [
        str(find_node()),
        str(engine_bundle()),
        *("--session", paths.name),
        *("--folder", str(paths.folder)),
        *("--journal", str(paths.journal)),
        *("--idle-seconds", f"{idle_seconds():g}"),
    ]


class EngineProcess:
    """Keeps an engine running.

    The engine's standard input is a pipe that this process holds: its end tells the engine that
    the agent is gone, however it died. A line in it is another endpoint to listen at.

    Parameters
    ----------
    command
        What to run; where to listen is added.
    endpoint
        Where it is to listen.
    log
        File for its output.
    lock
        What the engine holds for as long as it lives.
    started, died
        Told of each start and each end of the process.
    first_delay
        Seconds before the first restart; doubled for each further one.
    """

    def __init__(
        self,
        command: Sequence[str],
        endpoint: str,
        log: Path,
        lock: EngineLock,
        *,
        started: Callable[[], None],
        died: Callable[[], None],
        first_delay: float = _FIRST_DELAY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._command = tuple(command)
        self._endpoint = endpoint
        self._log = log
        self._lock = lock
        self._started = started
        self._died = died
        self._first_delay = first_delay
        self._clock = clock
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """Pid of the running engine."""
        return None if self._process is None else self._process.pid

    def listen_at(self, endpoint: str) -> None:
        """Have this engine, which goes on, and those to come listen at an endpoint."""
        self._endpoint = endpoint
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(f"{endpoint}\n".encode())

    async def supervise(self) -> None:
        """Start the engine and restart it whenever it ends. Cancelled, it ends the engine.

        An engine that an agent before has left behind is waited for first.

        Raises
        ------
        SaturnError
            ``engine-dies``: it ended five times within a minute.
            ``other-version``: another version wrote the session.
            ``cannot-start``: the system does not start it.
            ``not-writable``, ``disk-full``: see `EngineLock.acquire`.
        """
        await self._lock.acquire()
        try:
            await self._keep_running()
        finally:
            self._lock.release()

    async def _keep_running(self) -> None:
        deaths: deque[float] = deque(maxlen=_DEATHS)
        while True:
            code = await self._live()
            if code == _CANNOT_OPEN:
                raise self._last_words()
            deaths.append(self._clock())
            recent = [time for time in deaths if deaths[-1] - time < _WINDOW_SECONDS]
            if len(recent) == _DEATHS:
                error = SaturnError(
                    "engine-dies",
                    f"The engine ended {_DEATHS} times within a minute, last with code {code}.",
                    f"Its log is {self._log}.",
                )
                error.traceback = tail(self._log)
                raise error
            delay = min(_LAST_DELAY, self._first_delay * 2 ** (len(recent) - 1))
            _log.warning("The engine ended with code %d; restart in %g s.", code, delay)
            await asyncio.sleep(delay)

    def _last_words(self) -> SaturnError:
        """Why it cannot open the session, by the last line of its log."""
        *_, last = ["{}", *tail(self._log).splitlines()]
        try:
            return SaturnError.from_json(json.loads(last))
        except (ValueError, LookupError, TypeError):
            error = SaturnError("engine-dies", "The engine cannot open the session.")
            error.traceback = tail(self._log)
            return error

    async def _live(self) -> int:
        try:
            with self._log.open("ab") as log:
                process = await asyncio.create_subprocess_exec(
                    *self._command,
                    *("--endpoint", self._endpoint),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    pass_fds=[self._lock.file],
                )
        except OSError as error:
            raise SaturnError(
                "cannot-start", f"The engine {self._command[0]} cannot be started: {error}."
            ) from error
        self._process = process
        self._lock.note(process.pid)
        try:
            self._started()
            return await process.wait()
        finally:
            await end_child(process, _END_SECONDS, terminates=True)
            self._process = None
            self._lock.note(None)
            self._died()
