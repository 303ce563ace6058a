"""``python -m jupyterlab_saturn.trackers FOLDER``: tell a tracker, as a child of the agent.

Its standard input gives JSON lines: an `ExporterTask`, then endpoints to lead to; its end says that
the agent is gone, or that the tracker is to be told no more. On its standard output are
`TrackerReport` lines; all that trackers print goes to standard error, which is a log.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, cast

from ..paths import SessionPaths
from ..private_folders import ensure_private
from ..wire import validate
from .exporter import Exporter
from .making import make_tracker
from .session_line import SessionLine

if TYPE_CHECKING:
    from ..generated.wire_types import TrackerReport, TrackerWish

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.5
_LAST_SECONDS = 20.0


class ExporterTask(TypedDict):
    """What an exporter is to do."""

    endpoint: str
    wish: TrackerWish


def await_lock(path: Path, ended: threading.Event) -> int:
    """Hold a lock as soon as nobody else does, or this is to end."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    while not ended.is_set():
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            time.sleep(_LOOK_SECONDS)
    return file


def _main(folder: str) -> None:
    # Libraries print to 1: it becomes the log.
    reports = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    # Helpers that libraries start are not to read what the agent says.
    lines = os.fdopen(os.dup(0), encoding="utf-8")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    task = cast(ExporterTask, json.loads(lines.readline()))
    validate("TrackerWish", task["wish"])

    def report(told: TrackerReport) -> None:
        print(json.dumps(told), file=reports, flush=True)

    line = SessionLine(task["endpoint"])
    ended = threading.Event()

    def listen() -> None:
        for said in lines:
            line.lead_to(json.loads(said))
        ended.set()
        line.wake()
        time.sleep(_LAST_SECONDS)
        _log.warning("What is left cannot be told in time.")
        os._exit(1)

    threading.Thread(target=listen, daemon=True).start()
    paths = SessionPaths.of_folder(folder)
    ensure_private(paths.trackers)
    # One that was left by a killed agent may be about to end.
    lock = await_lock(paths.trackers / f"{task['wish']['tracker']}.lock", ended)
    exporter = Exporter(paths, task["wish"], make_tracker, report, line.page)
    try:
        while not ended.is_set():
            state = line.state
            if state is None or not exporter.look(state):
                if state is not None and exporter.is_done(state):
                    break
                line.wait(_LOOK_SECONDS)
        else:
            state = line.state
            while state is not None and exporter.look(state):
                pass
    finally:
        exporter.close()
        line.close()
        os.close(lock)


if __name__ == "__main__":
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    _main(sys.argv[1])
    logging.shutdown()
    # Threads of trackers may hang where their server does.
    os._exit(0)
