"""Whether sessions can be kept: room and speed of their disk, and the folder of their sockets."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from ..errors import SaturnError
from ..paths import SessionPaths, events_socket
from .finding import Finding
from .quantities import size

_GB = 10**9
_LEAST = _GB
_PLENTY = 20 * _GB
_SLOW = 50e6
_CHUNK = 1 << 24
_SECONDS = 1.5
_HINT = "Free some space, or set SATURN_HOME to a folder on another disk."


def session_disk(home: Path) -> Path:
    """The folder of all sessions, or what there is above it."""
    return next(each for each in (home, *home.parents) if each.is_dir())


def check_disk(home: Path, most: int = 1 << 28) -> Finding:
    """Room on the disk of the sessions, and how fast a checkpoint is written and read there.

    Parameters
    ----------
    home
        Folder of all sessions, which need not exist.
    most
        Bytes to write at most, for a second or so.
    """
    folder = session_disk(home)
    disk = shutil.disk_usage(folder)
    facts = {"folder": str(home), "totalBytes": disk.total, "freeBytes": disk.free}
    where = f"{size(disk.free)} of {size(disk.total)} are free where sessions are kept, {home}"
    try:
        written, read = _speed(folder, min(most, disk.free // 4))
    except OSError as error:
        return Finding(
            "disk",
            "broken",
            f"{where}, but nothing can be written: {error.strerror}.",
            _HINT,
            facts,
        )
    facts |= {"writtenBytesPerSecond": round(written), "readBytesPerSecond": round(read)}
    if disk.free < _LEAST:
        return Finding("disk", "broken", f"{where}: too little for checkpoints.", _HINT, facts)
    seen = f"{where}; it writes {size(written)}/s and reads {size(read)}/s"
    if disk.free < _PLENTY:
        return Finding(
            "disk",
            "warning",
            f"{seen}. A checkpoint with Adam takes 12 bytes a parameter, for a moment twice.",
            _HINT,
            facts,
        )
    if written < _SLOW:
        return Finding(
            "disk",
            "warning",
            f"{seen}. A checkpoint of a gigabyte takes {_GB / written:.0f} s.",
            "Set SATURN_HOME to a folder on a local disk.",
            facts,
        )
    return Finding("disk", "ok", f"{seen}.", facts=facts)


def _speed(folder: Path, most: int) -> tuple[float, float]:
    """Bytes a second that a new file takes, forced to the disk, and gives back from there."""
    chunk = os.urandom(_CHUNK)
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        begun = time.perf_counter()
        written = 0
        while written < most and time.perf_counter() - begun < _SECONDS:
            written += file.write(chunk[: most - written])
        os.fsync(file.fileno())
        writing = time.perf_counter() - begun
        with suppress(AttributeError, OSError):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        file.seek(0)
        begun = time.perf_counter()
        read = 0
        while (part := file.read(_CHUNK)) and time.perf_counter() - begun < _SECONDS:
            read += len(part)
        reading = time.perf_counter() - begun
    return written / max(writing, 1e-9), read / max(reading, 1e-9)


def check_home(home: Path) -> Finding:
    """Whether the folder of the sessions can be used, by its user and nobody else."""
    folder = session_disk(home)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SaturnError(
            "not-writable",
            f"Sessions are to be kept in {home}, but {folder} is not writable.",
            "Start the notebook in a folder you may write to, or set SATURN_HOME to one.",
        )
    there = folder == home
    return Finding(
        "session folder",
        "ok",
        f"{home} {'is there and writable' if there else 'can be made'}.",
        facts={"folder": str(home), "exists": there},
    )


def check_runtime(paths: SessionPaths) -> Finding:
    """Whether sockets can be made, private, under paths that are short enough.

    Raises
    ------
    SaturnError
        As `SessionPaths.ensure_runtime`.
    """
    folder = paths.ensure_runtime()
    length = len(os.fsencode(events_socket(folder)))
    return Finding(
        "sockets",
        "ok",
        f"The folder of sockets, {folder.parent}, is yours alone; the longest path takes {length} "
        "of 107 bytes.",
        facts={"folder": str(folder.parent), "pathBytes": length},
    )
