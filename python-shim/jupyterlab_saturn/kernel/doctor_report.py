"""What the doctor finds on this machine, as a table that grows while it looks."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from ..doctor.finding import MARKS, Finding, line
from ..errors import SaturnError
from .display import View, show, table

_HEAD = ("Result", "Check", "What was seen", "What to do")
_END_SECONDS = 20.0
_Update: TypeAlias = Callable[["DoctorReport"], None]


class DoctorReport(View):
    """What was found so far.

    Parameters
    ----------
    ending
        What is said below the table.
    """

    def __init__(self, findings: list[Finding], ending: str) -> None:
        rows = [(MARKS[it.status], it.check, it.seen, it.advice or "") for it in findings]
        text = "\n".join([*map(line, findings), "", ending])
        super().__init__(text, table(_HEAD, rows, ending))


def examine(deep: bool, file: str | None) -> None:
    """Examine this machine, in a process of its own, and show what it finds.

    Parameters
    ----------
    deep
        Whether for ten minutes.
    file
        Where the report for others goes; a temporary file when None.

    Raises
    ------
    SaturnError
        ``check-failed``: it ended without a verdict.
    """
    command = [sys.executable, "-P", "-m", "jupyterlab_saturn", "doctor", "--lines"]
    command += ["--deep"] if deep else []
    command += ["--json", file] if file else []
    findings: list[Finding] = []
    with tempfile.TemporaryFile("w+", encoding="utf-8") as complaint, _shown() as update:
        for told in _lines(command, complaint):
            if "verdict" in told:
                where = f" For a bug report: {told['file']}" if told["file"] else ""
                update(DoctorReport(findings, f"{told['verdict']}{where}"))
                return
            findings.append(Finding.from_json(told))
            update(DoctorReport(findings, "Looking further..."))
        complaint.seek(0)
        error = SaturnError(
            "check-failed", "The doctor ended without a verdict.", "What it wrote is below."
        )
        error.traceback = complaint.read()[-4000:]
        raise error


def _lines(command: list[str], complaint: Any) -> Iterator[Any]:
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=complaint, text=True
    )
    try:
        assert process.stdout is not None
        for told in process.stdout:
            yield json.loads(told)
        process.wait()
    finally:
        if process.poll() is None:
            process.terminate()  # it takes its own processes and files along
            process.wait(_END_SECONDS)


@contextmanager
def _shown() -> Iterator[_Update]:
    """A display that is updated in place; in terminals and scripts, the last state of it."""
    from IPython import get_ipython
    from IPython.display import DisplayHandle

    handle: Any = None
    last: DoctorReport | None = None
    in_notebook = getattr(get_ipython(), "kernel", None) is not None

    def update(report: DoctorReport) -> None:
        nonlocal handle, last
        last = report
        if not in_notebook:
            return
        if handle is None:
            handle = DisplayHandle()
            handle.display(report)
        else:
            handle.update(report)

    try:
        yield update
    finally:
        if not in_notebook and last is not None:
            show(last)
