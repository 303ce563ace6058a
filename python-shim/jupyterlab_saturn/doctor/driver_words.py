"""What the driver's own tool says of the GPUs, word for word, for those who are to help."""

from __future__ import annotations

import subprocess

from ..nvidia_smi import ask_tool, find_tool

_SECONDS = 15.0
_MOST = 8_000
_COMPUTING = ("--query-compute-apps=gpu_uuid,pid,used_memory", "--format=csv")
_QUESTIONS = (
    ("-L",),
    ("topo", "-m"),
    _COMPUTING,
)


def driver_words() -> dict[str, str]:
    """The tool's answers to some questions, by the questions; no more once it is silent.

    Of programs it tells no names, which may be command lines with secrets.
    """
    tool = find_tool()
    found: dict[str, str] = {}
    for question in _QUESTIONS if tool is not None else ():
        try:
            said = ask_tool(str(tool), *question, seconds=_SECONDS)
        except (OSError, subprocess.TimeoutExpired):
            break
        if question == _COMPUTING:
            said = "\n".join(map(_without_name, said.splitlines()))
        found[" ".join(question)] = said[:_MOST]
    return found


def _without_name(row: str) -> str:
    """GPU, process and memory, whatever else a tool tells that does as it likes."""
    values = row.split(",")
    return ",".join([*values[:2], *values[2:][-1:]])
