"""Exercises in a process of their own, which is ended from outside when they take too long.

``python -m jupyterlab_saturn.doctor.exercise_process FOLDER NAME...`` does some.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from ..agent.log_tail import tail
from ..paths import SessionPaths
from ..training.runtime import parent_death
from .deep_exercises import DEEP
from .exercise import Exercise
from .finding import Finding
from .quick_exercises import QUICK
from .workbench import Workbench

EXERCISES = {exercise.name: exercise for exercise in (*QUICK, *DEEP)}
COMMAND = (sys.executable, "-P", "-m", __name__)
"""To which a folder and names are added."""
_NODE = "node.json"
_LOG = "exercises.log"


def exercised(
    exercises: Sequence[Exercise], paths: SessionPaths, node: object
) -> Iterator[Finding]:
    """What exercises find, each as soon as it is over; none after one that is vital failed.

    Parameters
    ----------
    paths
        Of a session for them alone.
    node
        Wire ``Node``: on whose devices.
    """
    paths.ensure()
    (paths.folder / _NODE).write_text(json.dumps(node), encoding="utf-8")
    left = list(exercises)
    while left:
        with _Worker(paths, [each.name for each in left]) as worker:
            while left:
                exercise = left.pop(0)
                finding = worker.next(exercise)
                yield finding
                if exercise.vital and finding.status == "broken":
                    return
                if not worker.alive:
                    break


class _Worker:
    """The process. Leaving it ends all that it has started."""

    def __init__(self, paths: SessionPaths, names: Sequence[str]) -> None:
        self.alive = True
        self._log = paths.folder / _LOG
        command = [*COMMAND, str(paths.folder), *names]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        self._unread = b""

    def __enter__(self) -> _Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def next(self, exercise: Exercise) -> Finding:
        """What the next exercise finds; when it does not end in time, that."""
        deadline = time.monotonic() + exercise.seconds
        assert self._process.stdout is not None
        while b"\n" not in self._unread:
            ready, _, _ = select.select(
                [self._process.stdout], [], [], max(0.0, deadline - time.monotonic())
            )
            data = os.read(self._process.stdout.fileno(), 1 << 16) if ready else b""
            if not data:
                self.alive = False
                self._end()
                return self._cut_short(exercise, bool(ready))
            self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        return Finding.from_json(json.loads(line))

    def _cut_short(self, exercise: Exercise, died: bool) -> Finding:
        log = tail(self._log)
        last = log.splitlines()[-1] if log else "it said nothing"
        return Finding(
            exercise.name,
            "broken",
            f"Its process ended with code {self._process.returncode}: {last}"
            if died
            else f"It was not over after {exercise.seconds:g} s, so it was ended.",
            "Please report this, with the file named below.",
            {"log": log},
        )

    def _end(self) -> None:
        """Kill the process and all it has started, ranks and what they are forked from included."""
        family: list[psutil.Process] = []
        with contextlib.suppress(psutil.NoSuchProcess):
            family = psutil.Process(self._process.pid).children(recursive=True)  # type: ignore[no-untyped-call]
        self._process.kill()
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()  # type: ignore[no-untyped-call]
        self._process.wait()
        psutil.wait_procs(family, timeout=10)  # type: ignore[no-untyped-call]
        if self._process.stdout is not None:
            self._process.stdout.close()


async def _work(paths: SessionPaths, names: Sequence[str]) -> None:
    node = json.loads((paths.folder / _NODE).read_text("utf-8"))
    async with Workbench(paths, node) as bench:
        for name in names:
            exercise = EXERCISES[name]
            finding = await exercise.done(bench)
            _tell(finding)
            if exercise.vital and finding.status == "broken":
                return


def _tell(finding: Finding) -> None:
    sys.stdout.write(f"{json.dumps(finding.to_json())}\n")
    sys.stdout.flush()


def main(folder: str, *names: str) -> None:
    """Do exercises, and write what each finds as a line of JSON."""
    parent_death.bind()
    asyncio.run(_work(SessionPaths.of_folder(Path(folder)), names))


if __name__ == "__main__":
    main(*sys.argv[1:])
