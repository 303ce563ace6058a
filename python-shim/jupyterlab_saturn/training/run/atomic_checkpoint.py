"""Checkpoints on disk that are there whole or not at all."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import shutil
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ...private_folders import ensure_private
from ...whole_files import require_room
from .attempt_claim import NO_CLAIM, AttemptClaim
from .checkpoint_manifest import MANIFEST, Manifest, Place, chunks, place_of, read_manifest

if TYPE_CHECKING:
    from .checkpoint_manifest import CheckpointDetails, FileFingerprint

_log = logging.getLogger(__name__)

_NAME = re.compile(r"step-(\d+)(?:-(\d+))?(?:\.(?:old|tmp))?")
_KEPT = 2
_SPARE = 1.2  # of the space a save needs: file system overhead and other writers


class AtomicCheckpoints:
    """A folder of committed checkpoints ``step-N`` of one task, ``step-N-A`` of its attempt A.

    A save goes to ``step-N-A.tmp``. When all its files are on disk the manifest with their sizes
    and checksums is written last, then the folder is renamed. Whatever a crash leaves behind is
    either complete or recognisably not. One of the same name is set aside as ``step-N-A.old``
    until the new one is in its place.

    Of one attempt one process at a time writes. An attempt never touches what a later one has
    written, whenever it comes to its senses; what it commits after the next one has looked where
    to go on is not taken.

    Parameters
    ----------
    folder
        Where the checkpoints are; made on demand.
    identity
        What was trained. Checkpoints of something else are as good as none.
    claim
        Of the attempt that writes or reads.
    """

    def __init__(self, folder: Path, identity: str, claim: AttemptClaim = NO_CLAIM) -> None:
        self.folder = folder
        self._identity = identity
        self._claim = claim

    def begin(self, step: int, need_bytes: int) -> Path:
        """An empty folder to save into.

        Raises
        ------
        SaturnError
            ``disk-full`` when the disk has no room for `need_bytes`; as `AttemptClaim.require`.
        """
        self._claim.require()
        ensure_private(self.folder)
        self._sweep()
        self.require_space(need_bytes)
        folder = self._temporary(step)
        folder.mkdir(mode=0o700)
        return folder

    def require_space(self, need_bytes: int) -> None:
        """Raises SaturnError ``disk-full`` when the disk has no room for so much."""
        require_room(self.folder, need_bytes, "A checkpoint", spare=_SPARE)

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

        Raises
        ------
        SaturnError
            As `AttemptClaim.require`: then it is not taken.
        """
        self._claim.require()
        place = step, self._claim.attempt
        temporary, final, before = self._temporary(step), self._final(place), self._before(place)
        manifest: Manifest = {
            **details,
            "v": 1,
            "step": step,
            "identity": self._identity,
            "files": files,
            "attempt": self._claim.attempt,
        }
        with (temporary / MANIFEST).open("w", encoding="utf-8") as file:
            json.dump(manifest, file)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(temporary)
        if final.exists():
            final.rename(before)
        temporary.rename(final)
        sync_folder(self.folder)
        # A later attempt that began since may go on from this one, or from the one before, which
        # must then stay. One that begins from here on sees this one.
        self._claim.require()
        shutil.rmtree(before, ignore_errors=True)
        self._drop_others(place)
        return final

    def abandon(self, step: int) -> None:
        """Remove a save that failed."""
        shutil.rmtree(self._temporary(step), ignore_errors=True)

    def newest(self) -> Manifest | None:
        """Manifest of the newest checkpoint that is complete and undamaged.

        Damaged ones are passed over with a warning in the log.
        """
        damaged: set[Place] = set()
        while (manifest := self.newest_complete(damaged)) is not None:
            if all(self.inspect(manifest)):
                return manifest
            damaged.add(place_of(manifest))
        return None

    def newest_complete(self, damaged: Collection[Place] = ()) -> Manifest | None:
        """Manifest of the newest checkpoint whose files are as large as they were.

        Parameters
        ----------
        damaged
            Places of those that were found to be damaged, which are passed over.
        """
        for place in self._committed():
            manifest = self._manifest(place)
            if manifest is not None and not self._is_taken(manifest):
                continue
            if place not in damaged and manifest is not None and self._is_complete(manifest):
                return manifest
            _log.warning(
                "The checkpoint %s is damaged: its files are not those that were saved. "
                "Training goes on from the one before, or begins anew.",
                self._path(place),
            )
        return None

    def inspect(self, manifest: Manifest, part: int = 0, parts: int = 1) -> Iterator[bool]:
        """Read files of a checkpoint, bit by bit. False is that one is not what was saved.

        Parameters
        ----------
        part, parts
            Which share of the files, of how many about equally large.
        """
        folder, files = self.path(manifest), manifest["files"]
        by_size = sorted(files, key=lambda name: (files[name]["size"], name))
        for name in by_size[part::parts]:
            checksum = 0
            try:
                for chunk in chunks(folder / name):
                    checksum = zlib.crc32(chunk, checksum)
                    yield True
            except OSError:
                yield False
            yield checksum == files[name]["crc32"]

    def path(self, manifest: Manifest) -> Path:
        """Folder of a committed checkpoint."""
        return self._path(place_of(manifest))

    def _path(self, place: Place) -> Path:
        final, before = self._final(place), self._before(place)
        return before if before.exists() and not final.exists() else final

    def _final(self, place: Place) -> Path:
        return self.folder / _name(place)

    def _temporary(self, step: int) -> Path:
        return self.folder / f"{_name((step, self._claim.attempt))}.tmp"

    def _before(self, place: Place) -> Path:
        """Where a checkpoint is while another of its name takes its place."""
        return self.folder / f"{_name(place)}.old"

    def _entries(self, *endings: str) -> Iterator[tuple[Place, Path]]:
        """What is there by names with some endings, of whichever attempt."""
        try:
            found = list(self.folder.iterdir())
        except FileNotFoundError:
            return
        for entry in found:
            name = _NAME.fullmatch(entry.name)
            if name is not None and entry.suffix in endings:
                yield (int(name[1]), int(name[2] or 0)), entry

    def _committed(self) -> list[Place]:
        """Newest first."""
        return sorted({place for place, _ in self._entries("", ".old")}, reverse=True)

    def drop(self, kept: int | None = None) -> None:
        """Drop all, but what later attempts have and, when given, what is of one step."""
        for (step, attempt), entry in self._entries("", ".old", ".tmp"):
            if attempt <= self._claim.attempt and step != kept:
                shutil.rmtree(entry, ignore_errors=True)
        with contextlib.suppress(OSError):
            self.folder.rmdir()  # if nothing else is in it

    def _drop_others(self, newest: Place) -> None:
        """Drop all but the newest checkpoint and the one before, and whatever later ones have."""
        kept = {newest}
        for place in self._committed():
            step, attempt = place
            # Those of later steps are damaged, or of something else, else they would have been gone
            # on from. Left, they would be kept in place of good ones.
            before = step < newest[0] and self._claim.accepts(attempt, step)
            if before and len(kept) < _KEPT:
                kept.add(place)
            elif place not in kept and attempt <= self._claim.attempt:
                shutil.rmtree(self._path(place), ignore_errors=True)

    def _manifest(self, place: Place) -> Manifest | None:
        manifest = read_manifest(self._path(place))
        return manifest if manifest is not None and place_of(manifest) == place else None

    def _is_taken(self, manifest: Manifest) -> bool:
        """Whether it is of what is trained, and was not committed too late."""
        reached = manifest.get("ended", manifest["step"])
        return manifest["identity"] == self._identity and self._claim.accepts(
            manifest["attempt"], reached
        )

    def _is_complete(self, manifest: Manifest) -> bool:
        """Whether its files are there and as large as it says: quickly told of large ones."""
        folder, files = self.path(manifest), manifest["files"]
        try:
            return all(
                (folder / name).stat().st_size == files[name]["size"] and "crc32" in files[name]
                for name in files
            )
        except (OSError, KeyError, TypeError):
            return False

    def _sweep(self) -> None:
        """Undo what a crash of this attempt, or of an earlier one, left half done."""
        for (_, attempt), entry in self._entries(".old", ".tmp"):
            if attempt > self._claim.attempt:
                continue
            final = entry.with_suffix("")
            if entry.suffix == ".old" and not final.exists():
                entry.rename(final)
            else:
                shutil.rmtree(entry, ignore_errors=True)


def _name(place: Place) -> str:
    step, attempt = place
    return f"step-{step:09d}" + (f"-{attempt}" if attempt > 0 else "")


def sync_folder(path: Path) -> None:
    """Bring a folder's entries to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
