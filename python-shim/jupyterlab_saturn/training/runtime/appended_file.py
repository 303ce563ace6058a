"""A file that grows by lines and may be behind: who writes it never fails for want of room."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ...private_folders import make_private

_BEHIND_BYTES = 1 << 20


class AppendedFile:
    """Appends lines to a file; those that find no room are tried again with the next ones.

    Nothing waits for the disk: what the machine has not written when it goes down is lost. A line
    that was torn when a process was killed stays, ended.

    Parameters
    ----------
    path
        Its folder is made when it has to be.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self._behind = b""
        self._has_warned = False

    def restart(self) -> None:
        """Begin it anew; a file of another inode, for those who follow it."""
        self.close()
        self._behind = b""
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            self._warn(error)

    def append(self, lines: str) -> None:
        """Append whole lines."""
        data = self._behind + lines.encode()
        try:
            file = self._open()
            while data:
                data = data[os.write(file, data) :]
        except OSError as error:
            self._warn(error)
            if len(data) > _BEHIND_BYTES:  # the oldest give way, all at once: the ranks wait
                data = data[data.find(b"\n", len(data) - _BEHIND_BYTES - 1) + 1 :]
        self._behind = data

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _open(self) -> int:
        if self._file is None:
            make_private(self._path.parent)
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            self._file = os.open(self._path, flags, 0o600)
            length = os.fstat(self._file).st_size
            if length and os.pread(self._file, 1, length - 1) != b"\n":
                os.write(self._file, b"\n")
        return self._file

    def _warn(self, error: OSError) -> None:
        if not self._has_warned:
            self._has_warned = True
            sys.stderr.write(f"{self._path} is behind: {error.strerror}.\n")
