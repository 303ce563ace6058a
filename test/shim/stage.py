"""Where stories are played: a session whose agent stays, since starting one takes seconds."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import psutil
from jupyterlab_saturn import Session
from waiting import until

STORIES = 4
"""With one agent: it gives up on an engine that dies too often."""


def processes(paths: Any) -> list[psutil.Process]:
    """Every living process that belongs to a session, ranks included."""
    marks = (str(paths.folder), str(paths.runtime))
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        try:
            if process.status() == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
                continue
            if any(mark in " ".join(process.cmdline()) for mark in marks):
                for each in (process, *process.children(recursive=True)):
                    found[each.pid] = each
        except psutil.Error:
            continue
    return list(found.values())


def alive(them: list[psutil.Process]) -> list[psutil.Process]:
    """Those of some processes that live. Zombies do not."""
    found = []
    for process in them:
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def named(mark: str, session: Session) -> list[psutil.Process]:
    """The processes of a session whose command line names something."""
    found = []
    for process in processes(session.paths):
        with contextlib.suppress(psutil.Error):
            if mark in " ".join(process.cmdline()):
                found.append(process)
    return found


BEGUN_OR_OVER = {"started", "stopped", "finished"}


def attempts_told(session: Session, *tasks: str) -> list[int]:
    """Attempts of tasks as they began and ended, in the order in which the engine heard of it."""
    with session.paths.journal.open(encoding="utf-8") as journal:
        events = [json.loads(line)["event"] for line in journal]
    told = [event["event"] for event in events if event["kind"] == "group"]
    return [
        each["attempt"] for each in told if each["task"] in tasks and each["kind"] in BEGUN_OR_OVER
    ]


class Stage:
    """Gives each story a session that has just begun.

    Attributes
    ----------
    home
        The folder of the session's folder.
    cache
        What is remembered of measurements, of one story only.
    """

    def __init__(self, folder: Path) -> None:
        self.home = folder / ".saturn"
        self.cache = folder / "cache"
        self._played = 0
        self._last: Session | None = None

    def leave(self, session: Session) -> None:
        """End a story: the agent goes on, unless ranks, or another agent, are still there."""
        session.close()
        shutil.rmtree(self.cache, ignore_errors=True)
        self._played += 1
        self._last = session
        agents, zygotes, engines = (
            named(mark, session)
            for mark in ("jupyterlab_saturn.agent", "training.zygote", "engine.mjs")
        )
        quiet = len(agents) == len(engines) == 1 and len(zygotes) < 2
        if not quiet or self._played == STORIES:
            self.clear()
            return
        for path in session.paths.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
        session.paths.journal.unlink()
        engines[0].kill()  # the agent starts another, which knows nothing

    def clear(self) -> None:
        """End everything."""
        session, self._last, self._played = self._last, None, 0
        if session is None:
            return
        for agent in named("jupyterlab_saturn.agent", session):
            agent.terminate()
        until(lambda: not processes(session.paths))
        assert not session.paths.runtime.exists()
        shutil.rmtree(self.home)
