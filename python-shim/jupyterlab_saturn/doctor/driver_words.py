"""What the driver's own tool says of the GPUs, word for word, for those who are to help."""

from __future__ import annotations

import subprocess
from contextlib import suppress

from ..nvidia_smi import PROCESSES, ask_tool, find_tool

_SECONDS = 15.0
_MOST = 8_000
_QUESTIONS = (("-L",), ("topo", "-m"), PROCESSES)


def driver_words() -> dict[str, str]:
    """The tool's answers to some questions, by the questions."""
    tool = find_tool()
    found: dict[str, str] = {}
    for question in _QUESTIONS if tool is not None else ():
        with suppress(OSError, subprocess.SubprocessError):
            said = ask_tool(str(tool), *question, seconds=_SECONDS)
            found[" ".join(question)] = said[:_MOST]
    return found
