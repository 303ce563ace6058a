"""How often the system's out-of-memory killer has struck among this process and its children."""

from __future__ import annotations

import re
from pathlib import Path

_COUNT = re.compile(r"^oom_kill (\d+)$", re.MULTILINE)


def memory_kills(root: Path = Path("/")) -> int | None:
    """Processes of our control group killed so far; None where the system does not count them.

    From ``memory.events`` of cgroup v2 (Documentation/admin-guide/cgroup-v2.rst of Linux), or
    ``memory.oom_control`` of v1. In a container the group may be mounted as the topmost.
    """
    try:
        groups = (root / "proc/self/cgroup").read_text("utf-8").splitlines()
    except OSError:
        return None
    mounted = root / "sys/fs/cgroup"
    for line in groups:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            folder, name = mounted, "memory.events"
        elif "memory" in controllers.split(","):
            folder, name = mounted / "memory", "memory.oom_control"
        else:
            continue
        for file in (folder / path.lstrip("/") / name, folder / name):
            if (count := _count(file)) is not None:
                return count
    return None


def _count(file: Path) -> int | None:
    try:
        found = _COUNT.search(file.read_text("utf-8"))
    except OSError:
        return None
    return None if found is None else int(found[1])
