"""A process with torch loaded that forks ranks.

``python -m jupyterlab_saturn.training.zygote FD [PID]``

Loading torch takes seconds, a fork takes milliseconds. Forking is safe only while the process
has one thread and no CUDA context, so it loads, checks, and computes nothing itself.

Tasks may need libraries that take seconds, too. Those that the code of tasks names are loaded
before their inspection is forked, by a child that goes on as the zygote if it can still be forked
then: so they are loaded once for all. A rank that loaded others says so when it ends; then a child
tries whether they can be loaded without harm, unless the inspection has seen it, and the zygote
loads them for the ranks to come.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import selectors
import signal
import socket
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from ..wire import SCHEMA, prepare
from . import rank
from .runtime import parent_death, preloaded_libraries
from .runtime.fork_safety import settle, try_loading, why_unsafe
from .runtime.loaded_files import LoadedFiles
from .runtime.named_libraries import named_in_inspection
from .runtime.succession import hand_on

if TYPE_CHECKING:
    from .runtime.zygote_messages import SpawnOrder, ZygoteMessage

_READ_BYTES = 1 << 16
_MOST_SUCCESSORS = 8
"""Each leaves a process behind that waits for its end, with the memory it had."""


class Lesson(TypedDict):
    """What a rank leaves when it ends: libraries it needed, and those that were seen to be harmless
    to a process that is forked."""

    needed: list[str]
    harmless: list[str]


class Zygote:
    """Forks ranks for the agent at the other end of a stream socket, and tells when they end.

    Lines of JSON: ``spawn`` comes in, ``spawned`` and ``exited`` go out.
    """

    def __init__(self, agent: socket.socket) -> None:
        self._agent = agent
        self._unread = b""
        self._children: dict[int, SpawnOrder] = {}
        self._selector = selectors.DefaultSelector()
        self._wakeup, self._waker = os.pipe()
        self._known: set[str] = set()
        self._import_trials: dict[int, list[str]] = {}
        self._handed_on = 0
        self._files = LoadedFiles(SCHEMA)  # validators are made of it
        self._files.note()

    def serve(self) -> None:
        """Work until the agent closes its end."""
        for descriptor in (self._wakeup, self._waker):
            os.set_blocking(descriptor, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to be woken by
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # meant for the agent
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        self._selector.register(self._agent, selectors.EVENT_READ)
        self._selector.register(self._wakeup, selectors.EVENT_READ)
        while True:
            ready = {key.fd for key, _ in self._selector.select()}
            if self._wakeup in ready:
                os.read(self._wakeup, _READ_BYTES)
                self._reap()
            if self._agent.fileno() in ready and not self._read():
                return

    def send(self, message: ZygoteMessage) -> None:
        """Tell the agent."""
        self._agent.sendall(json.dumps(message).encode() + b"\n")

    def _read(self) -> bool:
        data = self._agent.recv(_READ_BYTES)
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            try:
                order: SpawnOrder = json.loads(line)
            except ValueError:
                traceback.print_exc()
            else:
                self._spawn(order)
        return bool(data)

    def _spawn(self, order: SpawnOrder) -> None:
        changed = self._files.changed()
        if changed is not None:
            self.send({"op": "stale", "id": order["id"], "file": changed})
            return
        self._prepare(named_in_inspection(Path(order["request"])))
        zygote = os.getpid()
        try:
            child = os.fork()
        except OSError as error:
            self.send({"op": "refused", "id": order["id"], "reason": str(error)})
            return
        if child == 0:
            code = rank.EXIT_FAILED
            try:
                self._let_go(order["log"])
                code = rank.main(order["request"], order["rank"], parent=zygote)
                lesson: Lesson = {
                    "needed": preloaded_libraries.needed_libraries(),
                    "harmless": preloaded_libraries.harmless_libraries(),
                }
                _slow_imports_file(order).write_text(json.dumps(lesson))
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)  # the clean-up of the zygote's modules is not this process's
        self._children[child] = order
        self.send({"op": "spawned", "id": order["id"], "pid": child})

    def _let_go(self, log: str) -> None:
        """In the child: give up everything of the zygote's."""
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        self._selector.close()
        self._agent.close()
        os.close(self._wakeup)
        os.close(self._waker)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        os.close(nothing)
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(line_buffering=True)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._import_trials:
                self._learn(self._import_trials.pop(pid), status)
                continue
            order = self._children.pop(pid, None)
            if order is None:  # what a library started when it was loaded
                continue
            # Before anybody hears of its end, and clears away what it has left.
            lesson = _taken(_slow_imports_file(order))
            code = os.waitstatus_to_exitcode(status)
            self.send({"op": "exited", "id": order["id"], "pid": pid, "code": code})
            if lesson is not None:
                self._try_imports(lesson)

    def _prepare(self, named: list[str]) -> None:
        """Have libraries that code names before it runs, at the price of loading them once."""
        names = [name for name in named if name not in self._known and name not in sys.modules]
        may_go = self._handed_on < _MOST_SUCCESSORS and not (self._children or self._import_trials)
        if not names or not may_go:
            return  # ranks cannot be handed on; those to come are learned of as any
        self._known.update(names)
        with suppress(OSError):
            if hand_on(names, self._agent):
                self._handed_on += 1
                self._known.update(preloaded_libraries.slow_libraries())
                self._files.note()

    def _try_imports(self, lesson: Lesson) -> None:
        """Load libraries that are new: at once where a process like this one, of the inspection,
        could be forked after that; else when a child has seen it."""
        names = [name for name in lesson["needed"] if name not in self._known]
        harmless = [name for name in names if name in lesson["harmless"]]
        others = [name for name in names if name not in harmless]
        self._known.update(names)
        if harmless:
            self._load(harmless)
        if others:
            try:
                self._import_trials[try_loading(others)] = others
            except OSError:
                traceback.print_exc()

    def _learn(self, names: list[str], status: int) -> None:
        if status == 0:
            self._load(names)

    def _load(self, names: list[str]) -> None:
        try:
            preloaded_libraries.load(names)
        except (Exception, SystemExit):  # ranks that need them load them themselves
            traceback.print_exc()
        self._files.note()
        settle()


def _taken(file: Path) -> Lesson | None:
    """What a rank has left; nothing if it did not come to its end."""
    try:
        lesson: Lesson = json.loads(file.read_text())
        file.unlink()
    except (OSError, ValueError):
        return None
    return lesson


def _slow_imports_file(order: SpawnOrder) -> Path:
    """Where a rank leaves the names of the libraries it had to load."""
    log = Path(order["log"])
    return log.with_name(f"{log.name}.{order['rank']}.libraries")


def preload() -> None:
    """Load what ranks need."""
    # Read when the libraries load: their thread pools must not start here.
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
    # Without a context: asks the driver for devices through NVML only.
    os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")
    # pandas brings Arrow, whose allocator starts a thread.
    os.environ.setdefault("JE_ARROW_MALLOC_CONF", "background_thread:false")
    for name in ("numpy", "cloudpickle"):
        with suppress(ImportError):
            importlib.import_module(name)
    import torch

    from .inspect import inspection_pool  # noqa: F401
    from .run import group_training, trial  # noqa: F401
    from .runtime import scratch_folder  # noqa: F401

    prepare("World")  # which each rank validates
    # The first optimizer of a process loads the compiler's modules, a second's work; the first
    # step what watches it, and the first checkpoint its settings.
    torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    for name in ("torch.profiler._cupti_monitor", "torch.utils.serialization.config"):
        with suppress(ImportError):
            importlib.import_module(name)


def main(descriptor: int, parent: int | None = None) -> None:
    """Serve the agent at the other end of an inherited AF_UNIX stream socket.

    Parameters
    ----------
    parent
        Process id of the agent, if known.
    """
    parent_death.bind(parent)
    with socket.socket(fileno=descriptor) as agent:
        agent.set_inheritable(False)
        preload()
        zygote = Zygote(agent)
        reason = why_unsafe()
        if reason is not None:
            zygote.send({"op": "unsafe", "reason": reason})
            return
        settle()
        with suppress(ConnectionError):  # the agent is gone: so is the work
            zygote.send({"op": "ready"})
            zygote.serve()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
