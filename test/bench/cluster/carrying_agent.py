"""An agent that carries a checkpoint there and back: ``carrying_agent.py NODE FOLDER MB FILE``.

Its folder is one of a node that does not share the session's. For each way a line of JSON is added
to the file: seconds it took, seconds of a core, and the most bytes of memory it has had to itself.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path

import psutil
from fakes.file_scene import commit
from jupyterlab_saturn.files.file_line import FileLine
from jupyterlab_saturn.files.frames import files_endpoint
from jupyterlab_saturn.files.node_files import NodeFiles
from jupyterlab_saturn.files.unit_folder import UnitFolder
from jupyterlab_saturn.paths import SessionPaths


class Way:
    """Measures one way, from when it is made."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._worked = time.process_time()
        self._memory = 0
        self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        while True:
            self._memory = max(self._memory, psutil.Process().memory_full_info().uss)
            await asyncio.sleep(1.0)  # it reads a page table

    def end(self, told: Path) -> None:
        """Write down what it took."""
        self._looking.cancel()
        row = {
            "seconds": time.monotonic() - self._begun,
            "work": time.process_time() - self._worked,
            "memory": self._memory,
        }
        with told.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


async def carry(paths: SessionPaths, size: int, told: Path) -> None:
    """Send a checkpoint of so many bytes, forget it, and bring it back."""
    files = NodeFiles(paths, FileLine(files_endpoint(paths.runtime)))
    await files.begin("t", 1)
    commit(paths, 1, 10, os.urandom(size))
    way = Way()
    await files.send("t", 1)
    way.end(told)
    for place in paths.checkpoints("t").iterdir():
        UnitFolder(place.parent).drop(place.name)
    way = Way()
    await files.begin("t", 2)
    way.end(told)
    await asyncio.to_thread(sys.stdin.read)
    await files.close()


if __name__ == "__main__":
    there = SessionPaths.of_folder(sys.argv[2], sys.argv[1])
    asyncio.run(carry(there, int(sys.argv[3]) * 1_000_000, Path(sys.argv[4])))
