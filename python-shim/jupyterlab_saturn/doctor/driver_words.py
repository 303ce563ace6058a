"""What the driver's own tool says of the GPUs, word for word, for those who are to help."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import suppress

_SECONDS = 15.0
_MOST = 8_000
_QUESTIONS = (
    ("-L",),
    ("topo", "-m"),
    ("--query-compute-apps=gpu_uuid,pid,name,used_memory", "--format=csv"),
)


def driver_words() -> dict[str, str]:
    """The tool's answers to some questions, by the questions."""
    tool = shutil.which("nvidia-smi")
    found: dict[str, str] = {}
    for question in _QUESTIONS if tool is not None else ():
        with suppress(OSError, subprocess.SubprocessError):
            done = subprocess.run(
                [str(tool), *question],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_SECONDS,
            )
            found[" ".join(question)] = f"{done.stdout}{done.stderr}"[:_MOST]
    return found
