"""A session's folder, or a node's copy of it, whose units are described, made and put in place."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SaturnError
from ..private_folders import make_private
from ..training.run.atomic_checkpoint import sync_folder
from .content_hashes import ContentHashes
from .task_units import OLD, files_of

if TYPE_CHECKING:
    from ..generated.wire_types import FileUnit

DAMAGED = "files-damaged"
"""Code of what has arrived otherwise than it was sent, so that it is sent again."""


class UnitFolder:
    """Makes units out of files of known content. One is in its place as a whole, or not at all.

    Parameters
    ----------
    folder
        That units are below.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._hashes = ContentHashes()

    def place(self, path: str) -> Path:
        """Where a unit belongs."""
        return self.folder / path

    def unit(self, path: str, place: Path | None = None) -> FileUnit:
        """What is at a path. Raises OSError when it is not there, or is just being dropped.

        Parameters
        ----------
        place
            Where it is now, if that is elsewhere.
        """
        at = place or self.place(path)
        parts = [self._hashes.part(file, name) for name, file in files_of(at)]
        if not parts:
            raise FileNotFoundError(at)
        return {"path": path, "parts": parts}

    def has(self, unit: FileUnit) -> bool:
        """Whether a unit is in its place already."""
        try:
            found = self.unit(unit["path"])
        except OSError:
            return False
        return _contents(found) == _contents(unit)

    def contents(self, places: Mapping[str, Path]) -> dict[str, Path]:
        """Where there is what content, in units at some places."""
        found: dict[str, Path] = {}
        for path, place in places.items():
            with contextlib.suppress(OSError):
                found |= contents_of(self.unit(path, place), place)
        return found

    def verify(self, file: Path, sha256: str, size: int) -> None:
        """Bring a file that has arrived to disk.

        Raises
        ------
        SaturnError
            ``files-damaged``: it is not what was sent; it is gone then.
        """
        try:
            with file.open("rb") as arrived:
                os.fsync(arrived.fileno())
            part = self._hashes.part(file, "", anew=True)
        except FileNotFoundError:
            part = None
        if part is None or (part["sha256"], part["size"]) != (sha256, size):
            file.unlink(missing_ok=True)
            raise SaturnError(DAMAGED, f"{sha256[:16]} has not arrived as it was sent.")

    def build(self, unit: FileUnit, contents: Mapping[str, Path], target: Path) -> None:
        """Make a unit of files that are there, at a path beside its place.

        Raises
        ------
        SaturnError
            ``files-damaged``: one is not there. ``bad-payload``: one would be elsewhere, or twice.
        """
        names = [part["name"] for part in unit["parts"]]
        if len({*names}) < len(names) or any(".." in Path(name).parts for name in names):
            raise SaturnError("bad-payload", f"{unit['path']} has files that are not its own.")
        for part in unit["parts"]:
            source = contents.get(part["sha256"])
            if source is None:
                raise SaturnError(DAMAGED, f"{unit['path']}/{part['name']} is not there.")
            file = target / part["name"]
            make_private(file.parent)
            try:
                file.hardlink_to(source.resolve())  # another name of a link would be one as well
            except FileExistsError:
                raise  # what is copied over it would be in all files of that content
            except OSError:  # not all file systems can
                shutil.copyfile(source, file)
                file.chmod(0o600)
        for folder, _, _ in os.walk(target):
            sync_folder(Path(folder))

    def put(self, built: Path, path: str) -> None:
        """Put a unit that was built in its place, for what is there."""
        final = self.place(path)
        make_private(final.parent)
        if not final.is_dir():
            built.replace(final)
        else:
            before = final.with_name(f"{final.name}{OLD}")
            shutil.rmtree(before, ignore_errors=True)
            final.rename(before)
            built.rename(final)
            shutil.rmtree(before, ignore_errors=True)
        sync_folder(final.parent)

    def drop(self, path: str) -> None:
        """Remove a unit, if it is there."""
        place = self.place(path)
        for each in (place, place.with_name(f"{place.name}{OLD}")):
            if each.is_dir():
                shutil.rmtree(each, ignore_errors=True)
            else:
                each.unlink(missing_ok=True)


def read_at(file: Path, size: int, offset: int) -> bytes:
    """Bytes of a file, which are fewer where it ends. Raises OSError."""
    with file.open("rb") as opened:
        return os.pread(opened.fileno(), size, offset)


def write_at(file: Path, data: bytes, offset: int) -> None:
    """Write bytes at their place in a file, which is made when it is not there.

    Raises OSError, and SaturnError ``disk-full``.
    """
    # Opened here, as who waits for this may be gone: a number could be another file's by then.
    opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if os.pwrite(opened, data, offset) < len(data):
            raise SaturnError("disk-full", f"{file} cannot be written.")
    finally:
        os.close(opened)


def contents_of(unit: FileUnit, place: Path) -> dict[str, Path]:
    """Where there is what content of a unit at a place."""
    return {part["sha256"]: place / part["name"] for part in unit["parts"]}


def sizes_of(units: list[FileUnit]) -> dict[str, int]:
    """Bytes of each content of some units."""
    return {part["sha256"]: part["size"] for unit in units for part in unit["parts"]}


def _contents(unit: FileUnit) -> list[tuple[str, str]]:
    return sorted((part["name"], part["sha256"]) for part in unit["parts"])
