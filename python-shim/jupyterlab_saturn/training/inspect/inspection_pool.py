"""Inspection of many tasks, each in a process of its own, some at a time."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, Pipe, wait
from typing import TYPE_CHECKING

from ..model.twin import Watched
from ..runtime import preloaded_libraries
from ..runtime.event_sender import EventSender
from ..runtime.fork_safety import settle, try_loading, why_unsafe
from ..runtime.rank_request import RankRequest
from ..techniques import DeviceKind, installed_techniques
from . import inspection_child
from .found import Found
from .inspection import inspect_one
from .inspection_child import Changes, Over, Told, Wanted, Word, log_of, write_to
from .inspection_queue import InspectionQueue

if TYPE_CHECKING:
    from ...generated.wire_types import TaskSpec

_NICENESS = {"first": 0, None: 10, "rest": 19}
"""By what is looked for: a run waits for the first of it; the rest is to cost it next to none."""
_LOADING_SECONDS = 60.0
"""For which nothing else is begun while libraries are tried: one may hang where it is loaded."""


def inspect_tasks(request: RankRequest, events: EventSender) -> None:
    """Inspect each task of a request and tell the agent, one by one.

    A task that cannot be built gets an error; the others are not concerned. Of one that ends its
    process the agent is told that.
    """
    with suppress(Exception):  # each task is told of it
        installed_techniques()
    threads = _threads(request.device_kind)
    if why_unsafe() is None:
        if not request.devices:
            os.nice(_NICENESS[request.look])
        InspectionPool(request, events, threads).run()
        return
    known: dict[str, Found | Watched] = {}
    for spec in request.tasks:
        write_to(log_of(request, spec))
        result = inspect_one(request, spec, known, threads)
        events.emit({"kind": "inspected", "result": result})


def _threads(kind: DeviceKind) -> int:
    """CPU threads to look with: one where cores are the devices, which others train on."""
    return 1 if kind == "cpu" else max(1, (os.cpu_count() or 1) // 2)


@dataclass(frozen=True)
class _Loading:
    """A process that tries whether libraries can be loaded in one that is to be forked."""

    pid: int
    libraries: list[str]
    until: float


@dataclass(eq=False)
class _Child:
    spec: TaskSpec
    pid: int
    line: Connection
    alone: bool
    waits_for: str | None = None
    """The signature or key that another is looking into."""
    finds: set[str] = field(default_factory=set)
    """Those that it is to look into."""
    over: bool = False
    put_back: bool = False


class InspectionPool:
    """Forks a child for each task, so that none sees what another's code has done to its process.

    What running a step told of one is told to all of the same signature, and only one looks into
    each. Where several run at a time, one that is about to change something outside, such as a
    file, is ended before it does and done again when it is alone: two that download the same would
    spoil it.

    Parameters
    ----------
    request
        Its tasks are inspected. The process must be fit to be forked.
    events
        The line to the agent.
    threads
        CPU threads for all children together.
    """

    def __init__(self, request: RankRequest, events: EventSender, threads: int) -> None:
        self._request = request
        self._events = events
        workers = max(1, min(request.workers, len(request.tasks)))
        self._queue = InspectionQueue(request.tasks, workers, request.room_bytes)
        self._threads = max(1, threads // workers)
        self._children: dict[int, _Child] = {}
        self._known: dict[str, Found | Watched] = {}
        self._loading: _Loading | None = None
        self._tried = set(preloaded_libraries.slow_libraries())
        self._woken, self._waker = os.pipe()

    def run(self) -> None:
        """Work until every task was inspected, or has ended its process."""
        settle()
        for descriptor in (self._woken, self._waker):
            os.set_blocking(descriptor, False)
        before = signal.signal(signal.SIGCHLD, lambda *_: None)  # only to be woken by
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        try:
            while self._queue or self._children or self._loading:
                while (chosen := self._next()) is not None:
                    self._start(*chosen)
                self._listen()
        finally:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, before)
            os.close(self._woken)
            os.close(self._waker)

    def _next(self) -> tuple[TaskSpec, bool] | None:
        """The task to begin with now, if any, and whether it is alone then."""
        children = self._children.values()
        if self._loading is not None or any(child.alone for child in children):
            return None
        busy = sum(child.waits_for is None for child in children)
        return self._queue.next(self._children, busy)

    def _start(self, spec: TaskSpec, alone: bool) -> None:
        self._queue.begin(spec)
        ours, theirs = Pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            ours.close()
            for other in self._children.values():
                other.line.close()
            inspection_child.run(
                self._request,
                spec,
                self._events,
                theirs,
                parent=parent,
                threads=self._threads,
                alone=alone,
            )
        theirs.close()
        self._children[pid] = _Child(spec, pid, ours, alone)

    def _listen(self) -> None:
        """Take in what has happened; wait until something has."""
        lines = {child.line: child for child in self._children.values() if not child.line.closed}
        for ready in wait([self._woken, *lines], self._time_left()):
            if isinstance(ready, Connection):
                self._hear(lines[ready])
            else:
                with suppress(BlockingIOError):
                    os.read(self._woken, 1 << 12)
                self._reap()

    def _time_left(self) -> float | None:
        """Seconds until something may go on though nothing has happened."""
        if self._loading is None:
            return self._queue.first_seconds
        left = self._loading.until - time.monotonic()
        if left > 0:
            return left
        os.kill(self._loading.pid, signal.SIGKILL)  # its end is heard of, as any
        return None

    def _hear(self, child: _Child) -> None:
        """Take in all that a child has said."""
        with suppress(EOFError, OSError):
            while not child.line.closed and child.line.poll():
                self._take(child, child.line.recv())
            return
        child.line.close()

    def _take(self, child: _Child, word: Word) -> None:
        match word:
            case Wanted(name):
                self._answer(child, name)
            case Told(name, found):
                self._known[name] = found
                child.finds.discard(name)
                self._pass_on(name)
            case Changes():
                if len(self._children) == 1:
                    child.alone = True
                    self._send(child, True)
                else:
                    self._put_back(child)
            case Over(libraries):
                child.over = True
                self._learn(libraries)

    def _answer(self, child: _Child, name: str) -> None:
        """Tell a child what is known; have it wait where another looks into it, or look itself."""
        found = self._known.get(name)
        others = (other for other in self._children.values() if name in other.finds)
        if found is None and any(others):
            child.waits_for = name
            return
        child.waits_for = None
        if found is None:
            child.finds.add(name)
        self._send(child, found)

    def _pass_on(self, name: str) -> None:
        """Answer those who wait for a finding, now that nobody looks into it any more."""
        for child in list(self._children.values()):
            if child.waits_for == name:
                self._answer(child, name)

    def _send(self, child: _Child, answer: object) -> None:
        with suppress(OSError):  # it is gone: that is noticed
            child.line.send(answer)

    def _put_back(self, child: _Child) -> None:
        """End a child that has changed nothing yet; its task is inspected when it is alone."""
        child.put_back = True
        os.kill(child.pid, signal.SIGKILL)

    def _learn(self, libraries: list[str]) -> None:
        """Load what a task had to, so that the others need not; later groups may as well."""
        preloaded_libraries.note_needed(libraries)
        names = [name for name in libraries if name not in self._tried]
        if names and self._queue and self._loading is None:
            self._tried.update(names)
            with suppress(OSError):
                until = time.monotonic() + _LOADING_SECONDS
                self._loading = _Loading(try_loading(names), names, until)

    def _reap(self) -> None:
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            code = os.waitstatus_to_exitcode(status)
            if self._loading is not None and pid == self._loading.pid:
                self._load(self._loading.libraries, code)
            elif pid in self._children:
                self._hear(self._children[pid])
                self._queue.ended(usage.ru_maxrss * 1024)
                self._ended(self._children.pop(pid), code)

    def _load(self, names: list[str], code: int) -> None:
        self._loading = None
        if code == 0:
            with suppress(Exception, SystemExit):  # tasks that need them load them themselves
                preloaded_libraries.load(names)
                preloaded_libraries.note_harmless(names)
            settle()

    def _ended(self, child: _Child, code: int) -> None:
        child.line.close()
        if child.put_back and not child.over:
            self._queue.put_back(child.spec)
        elif not child.over:
            self._events.emit({"kind": "died", "task": child.spec["name"], "code": code})
        elif not child.alone:
            self._queue.came_through(child.spec)
        for name in child.finds:
            self._pass_on(name)
