"""The process in which one task is inspected, forked from one that holds all libraries."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ..model.twin import Watched
from ..runtime import parent_death, preloaded_libraries
from ..runtime.event_sender import EventSender
from ..runtime.rank_request import RankRequest
from .found import Found
from .inspection import inspect_one
from .outside_changes import OutsideChanges

if TYPE_CHECKING:
    from ...generated.wire_types import TaskSpec

_BADNESS = "500"
"""What the system takes the memory of first (proc(5)): inspections before those who train."""


@dataclass(frozen=True)
class Wanted:
    """Asks what was found of a signature or key; None is the answer to who is to find it."""

    name: str


@dataclass(frozen=True)
class Told:
    """What was found of a signature or key."""

    name: str
    found: Found | Watched


@dataclass(frozen=True)
class Changes:
    """Asks whether it may change what is outside of it: True is the answer, or there is none."""


@dataclass(frozen=True)
class Over:
    """The result is out. The slow libraries that were loaded for it."""

    libraries: list[str]


Word = Wanted | Told | Changes | Over
"""What a child tells its pool."""


class PoolLine:
    """A child's line to its pool, for all its threads."""

    def __init__(self, pool: Connection) -> None:
        self._pool = pool
        self._lock = threading.RLock()

    def tell(self, word: Word) -> None:
        with self._lock:
            self._pool.send(word)

    def ask(self, word: Word) -> Any:
        with self._lock:
            self._pool.send(word)
            return self._pool.recv()


class AskedFindings:
    """What was found of other tasks, asked of the pool when it is needed."""

    def __init__(self, line: PoolLine) -> None:
        self._line = line

    def get(self, name: str, /) -> Found | Watched | None:
        found: Found | Watched | None = self._line.ask(Wanted(name))
        return found

    def __setitem__(self, name: str, found: Found | Watched, /) -> None:
        if isinstance(found, Found):
            # A failure of its own it has met already, and not every exception can be pickled.
            found = replace(found, probed=replace(found.probed, failure=None))
        self._line.tell(Told(name, found))


def run(
    request: RankRequest,
    spec: TaskSpec,
    events: EventSender,
    pool: Connection,
    *,
    parent: int,
    threads: int,
    alone: bool,
) -> NoReturn:
    """Inspect a task in this process, just forked, tell the agent, and leave.

    Parameters
    ----------
    parent
        Process id of the pool.
    alone
        Whether no other task is inspected meanwhile.
    """
    code, line = 1, PoolLine(pool)
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        parent_death.bind(parent)
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text(_BADNESS)
        write_to(log_of(request, spec))
        if not alone:
            OutsideChanges(request.scratch, lambda: line.ask(Changes())).install()
        result = inspect_one(request, spec, AskedFindings(line), threads)
        events.emit({"kind": "inspected", "result": result})
        line.tell(Over(preloaded_libraries.slow_libraries()))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)  # the clean-up of the pool's modules is not this process's


def log_of(request: RankRequest, spec: TaskSpec) -> Path:
    """Where what a task prints goes while it is inspected."""
    return request.folder / f"task-{spec['name']}.log"


def write_to(log: Path) -> None:
    """Have what this process prints go to a file from now on."""
    sys.stdout.flush()
    sys.stderr.flush()
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
