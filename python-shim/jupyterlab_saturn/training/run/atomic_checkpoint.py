"""Checkpoints on disk that are there whole or not at all."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NotRequired, TypedDict

from ...errors import SaturnError
from ...private_folders import ensure_private

if TYPE_CHECKING:
    from ...generated.wire_types import Strategy, Validation

_log = logging.getLogger(__name__)

_MANIFEST = "manifest.json"
_COMMITTED = re.compile(r"step-(\d+)(?:\.old)?")
_KEPT = 2
_SPARE = 1.2  # of the space a save needs: file system overhead and other writers
_CHUNK = 1 << 20


class FileFingerprint(TypedDict):
    """By what a damaged file shows: its size in bytes and its CRC-32."""

    size: int
    crc32: int


class CheckpointDetails(TypedDict):
    """What whoever saves wants to find again."""

    task: NotRequired[str]
    strategy: NotRequired[Strategy]
    loss: NotRequired[float | None]
    validations: NotRequired[list[Validation]]
    torch: NotRequired[str]
    ended: NotRequired[int]
    """Of a finished task: after which step it ended."""
    bestStep: NotRequired[int]
    """Of a finished task that keeps its best model: the step of that."""


class Manifest(CheckpointDetails):
    """What a checkpoint says of itself."""

    v: int
    step: int
    identity: str
    files: dict[str, FileFingerprint]


class AtomicCheckpoints:
    """A folder of committed checkpoints ``step-N`` of one task; one process at a time writes.

    A save goes to ``step-N.tmp``. When all its files are on disk the manifest with their sizes
    and checksums is written last, then the folder is renamed. Whatever a crash leaves behind is
    either complete or recognisably not. One of the same step is set aside as ``step-N.old`` until
    the new one is in its place.

    Parameters
    ----------
    folder
        Where the checkpoints are; made on demand.
    identity
        What was trained. Checkpoints of something else are as good as none.
    """

    def __init__(self, folder: Path, identity: str) -> None:
        self.folder = folder
        self._identity = identity

    def begin(self, step: int, need_bytes: int) -> Path:
        """An empty folder to save into.

        Raises
        ------
        SaturnError
            ``disk-full`` when the disk has no room for `need_bytes`.
        """
        ensure_private(self.folder)
        self._sweep()
        self.require_space(need_bytes)
        folder = self._temporary(step)
        folder.mkdir(mode=0o700)
        return folder

    def require_space(self, need_bytes: int) -> None:
        """Raises SaturnError ``disk-full`` when the disk has no room for so much."""
        free = shutil.disk_usage(self.folder).free
        if free < need_bytes * _SPARE:
            raise SaturnError(
                "disk-full",
                f"A checkpoint of {need_bytes / 1e6:.1f} MB does not fit: {self.folder} has "
                f"{free / 1e6:.1f} MB left.",
                "Free some space and run again: training goes on from the last checkpoint.",
            )

    def commit(
        self, step: int, files: dict[str, FileFingerprint], details: CheckpointDetails
    ) -> Path:
        """Make the save of a step the newest checkpoint and drop all but it and the one before.

        Parameters
        ----------
        files
            By name, the `fingerprint` of each file saved.
        details
            What else the manifest tells about the checkpoint.
        """
        temporary, final, before = self._temporary(step), self._final(step), self._before(step)
        manifest: Manifest = {
            **details,
            "v": 1,
            "step": step,
            "identity": self._identity,
            "files": files,
        }
        with (temporary / _MANIFEST).open("w", encoding="utf-8") as file:
            json.dump(manifest, file)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(temporary)
        if final.exists():
            final.rename(before)
        temporary.rename(final)
        sync_folder(self.folder)
        shutil.rmtree(before, ignore_errors=True)
        committed = self._committed()
        # Those of later steps are damaged, or of something else, else they would have been gone on
        # from. Left, they would be kept in place of good ones.
        later = [other for other in committed if other > step]
        for other in (*later, *committed[len(later) + _KEPT :]):
            shutil.rmtree(self.path(other))
        return final

    def abandon(self, step: int) -> None:
        """Remove a save that failed."""
        shutil.rmtree(self._temporary(step), ignore_errors=True)

    def newest(self) -> Manifest | None:
        """Manifest of the newest checkpoint that is complete and undamaged.

        Damaged ones are passed over with a warning in the log.
        """
        damaged: set[int] = set()
        while (manifest := self.newest_complete(damaged)) is not None:
            if all(self.inspect(manifest)):
                return manifest
            damaged.add(manifest["step"])
        return None

    def newest_complete(self, damaged: Collection[int] = ()) -> Manifest | None:
        """Manifest of the newest checkpoint whose files are as large as they were.

        Parameters
        ----------
        damaged
            Steps of those that were found to be damaged, which are passed over.
        """
        for step in self._committed():
            manifest = self._manifest(step)
            if manifest is not None and manifest["identity"] != self._identity:
                continue
            if step not in damaged and manifest is not None and self._is_complete(manifest):
                return manifest
            _log.warning(
                "The checkpoint %s is damaged: its files are not those that were saved. "
                "Training goes on from the one before, or begins anew.",
                self.path(step),
            )
        return None

    def inspect(self, manifest: Manifest, part: int = 0, parts: int = 1) -> Iterator[bool]:
        """Read files of a checkpoint, bit by bit. False is that one is not what was saved.

        Parameters
        ----------
        part, parts
            Which share of the files, of how many about equally large.
        """
        folder, files = self.path(manifest["step"]), manifest["files"]
        by_size = sorted(files, key=lambda name: (files[name]["size"], name))
        for name in by_size[part::parts]:
            checksum = 0
            try:
                for chunk in _chunks(folder / name):
                    checksum = zlib.crc32(chunk, checksum)
                    yield True
            except OSError:
                yield False
            yield checksum == files[name]["crc32"]

    def path(self, step: int) -> Path:
        """Folder of a committed step."""
        final, before = self._final(step), self._before(step)
        return before if before.exists() and not final.exists() else final

    def _final(self, step: int) -> Path:
        return self.folder / f"step-{step:09d}"

    def _temporary(self, step: int) -> Path:
        return self.folder / f"step-{step:09d}.tmp"

    def _before(self, step: int) -> Path:
        """Where a checkpoint is while another of its step takes its place."""
        return self.folder / f"step-{step:09d}.old"

    def _committed(self) -> list[int]:
        """Newest first."""
        if not self.folder.is_dir():
            return []
        names = (_COMMITTED.fullmatch(entry.name) for entry in self.folder.iterdir())
        return sorted({int(name[1]) for name in names if name}, reverse=True)

    def _manifest(self, step: int) -> Manifest | None:
        """What a checkpoint says of itself; None when that cannot be read."""
        try:
            manifest: Manifest = json.loads((self.path(step) / _MANIFEST).read_text("utf-8"))
            complete = (manifest["v"], manifest["step"]) == (1, step)
            complete = complete and {"identity", "files"} <= manifest.keys()
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return manifest if complete else None

    def _is_complete(self, manifest: Manifest) -> bool:
        """Whether its files are there and as large as it says: quickly told of large ones."""
        folder, files = self.path(manifest["step"]), manifest["files"]
        try:
            return all(
                (folder / name).stat().st_size == files[name]["size"] and "crc32" in files[name]
                for name in files
            )
        except (OSError, KeyError, TypeError):
            return False

    def _sweep(self) -> None:
        """Undo what a crash left half done."""
        for before in self.folder.glob("step-*.old"):
            final = before.with_suffix("")
            if final.exists():
                shutil.rmtree(before, ignore_errors=True)
            else:
                before.rename(final)
        for leftover in self.folder.glob("step-*.tmp"):
            shutil.rmtree(leftover, ignore_errors=True)


def fingerprint(path: Path) -> FileFingerprint:
    """Size and CRC-32 of a file."""
    checksum, size = 0, 0
    for chunk in _chunks(path):
        checksum = zlib.crc32(chunk, checksum)
        size += len(chunk)
    return {"size": size, "crc32": checksum}


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def sync_folder(path: Path) -> None:
    """Bring a folder's entries to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
