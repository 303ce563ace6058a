"""``python ray_cluster_guard.py ID FOLDER``: end a Ray cluster of tests with who made it.

Its standard input ends when that process closes it, is interrupted or is killed. Then it ends what
runs on the cluster's nodes, and removes their network namespaces and the cluster's folder.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

MARK = "SATURN_RAY_NODE"
"""Variable in the environment of all that runs on a node, which says on which."""

_NAMESPACES = Path("/var/run/netns")


def living(mark: str) -> Iterator[psutil.Process]:
    """The processes of the node of a mark, or of all nodes of a cluster's id."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            of = process.environ().get(MARK, "")
            if mark in (of, of.rpartition("-")[0]) and process.status() != psutil.STATUS_ZOMBIE:
                yield process


def end(mark: str) -> None:
    """Leave nothing running of what `living` finds."""
    while left := list(living(mark)):
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(left, timeout=5)


def _clear(cluster: str, folder: str) -> None:
    end(cluster)
    if _NAMESPACES.exists():
        for namespace in _NAMESPACES.glob(f"{cluster}-*"):
            subprocess.run(["ip", "netns", "delete", namespace.name])
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.stdin.read()
    _clear(*sys.argv[1:])
