"""Changes that a process is about to make outside of itself, seen before they are made."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Devices, what the system says of the process, and what libraries guard or replace at once.
_HARMLESS_PREFIXES = ("/dev/", "/proc/")
_HARMLESS_PARTS = ("/__pycache__/",)
_HARMLESS_ENDINGS = (".lock",)
_ALWAYS = (
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.system",
    "sqlite3.connect",
    "subprocess.Popen",
)


class OutsideChanges:
    """Calls back before this process first writes a file, or starts a program.

    By Python's audit events: what libraries write in C is not seen, but what they do before and
    after in Python mostly is. Once installed it stays; it calls once.

    Parameters
    ----------
    inside
        A folder whose files are the process's own.
    before
        What is called. What it raises ends the change.
    """

    def __init__(self, inside: Path, before: Callable[[], None]) -> None:
        self._inside = f"{inside}/"
        self._before = before
        self._over = False
        # docs.python.org/3/library/audit_events.html
        self._looks: dict[str, Callable[..., bool]] = {
            "open": self._opens,
            "os.mkdir": self._makes_folder,
            **dict.fromkeys(("os.remove", "os.rmdir", "os.truncate"), self._touches),
            **dict.fromkeys(("os.rename", "os.link", "os.symlink"), self._joins),
            **dict.fromkeys(_ALWAYS, lambda *_: True),
        }

    def install(self) -> None:
        """Begin to look."""
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        look = self._looks.get(event)
        if look is not None and not self._over and look(*arguments):
            self._over = True
            self._before()

    def _opens(self, path: Any, _mode: Any = None, flags: Any = 0, *_: Any) -> bool:
        return isinstance(flags, int) and bool(flags & _WRITES) and self._touches(path)

    def _makes_folder(self, path: Any, *_: Any) -> bool:
        return self._touches(path) and not Path(os.fsdecode(path)).is_dir()

    def _joins(self, one: Any, other: Any, *_: Any) -> bool:
        return self._touches(one) or self._touches(other)

    def _touches(self, path: Any, *_: Any) -> bool:
        if not isinstance(path, str | bytes | os.PathLike):
            return False  # a descriptor: its file was opened before
        name = str(Path.cwd() / os.fsdecode(path))
        return not (
            name.startswith((self._inside, *_HARMLESS_PREFIXES))
            or name.endswith(_HARMLESS_ENDINGS)
            or any(part in name for part in _HARMLESS_PARTS)
        )
