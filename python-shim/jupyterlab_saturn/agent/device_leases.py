"""Whose a device is just now: one session at a time uses it, on the whole machine."""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import platform
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from ..errors import SaturnError
from ..paths import SessionPaths
from ..user_folders import ensure_state
from ..whole_files import is_at
from .file_lock import lock_exclusively

if TYPE_CHECKING:
    from ..generated.wire_types import Device

_log = logging.getLogger(__name__)

_AGAIN_SECONDS = 0.02
_OLD_SECONDS = 30 * 24 * 3600.0


class _Owner(TypedDict):
    """Who holds a lock, as its file says."""

    session: str
    folder: str
    pid: int


class DeviceLeases:
    """The devices that this session's jobs hold, kept from the user's other sessions.

    What is held is hardware, a GPU by its UUID or a core by its number: one flock(2) each, which
    goes with this process however it ends. The session's own jobs may share; that is for the
    engine to plan.
    """

    def __init__(self, paths: SessionPaths) -> None:
        self._paths = paths
        # Once: where it would be now may change, as when a home folder cannot be reached.
        self._folder = paths.leases
        self._held: dict[str, tuple[int, int]] = {}
        self._missing: set[str] = set()
        self._refused: set[str] = set()

    @property
    def held(self) -> frozenset[str]:
        """What this session's jobs hold: UUIDs of GPUs, numbers of cores."""
        return frozenset(self._held)

    @contextlib.contextmanager
    def hold(self, devices: Sequence[Device]) -> Iterator[None]:
        """Hold some wire ``Device`` objects, all or none, until the end of a job.

        Raises
        ------
        SaturnError
            ``device-busy``: another session holds one; the message says which. ``no-lease``: files
            cannot be locked where leases are kept.
        """
        taken: list[str] = []
        users = {part: device for device in devices for part in _parts(device)}
        try:
            # Sorted: of two sessions that want the same at once, one gets it.
            for part in sorted(users):
                self._take(part, users[part])
                taken.append(part)
            yield
        finally:
            for part in taken:
                self._release(part)

    def is_free(self, device: Device) -> bool:
        """Whether no other session holds any of a device just now."""
        for part in set(_parts(device)) - self.held:
            try:
                with self._path(part).open("rb") as file:
                    # Shared, and let go at once: of two who look both see that it is free.
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            except OSError:  # its file is gone with who had it
                continue
        return True

    def refused(self, device: Device) -> bool:
        """Whether who last wanted a device was refused it, as another session held it."""
        return not self._refused.isdisjoint(_parts(device))

    def sweep(self) -> None:
        """Remove the files that a power cut left long ago, here or where the home is the same."""
        with contextlib.suppress(OSError):
            for path in self._folder.glob("*@*.lock"):
                is_old = time.time() - path.stat().st_mtime > _OLD_SECONDS
                if is_old and not path.name.endswith(f"@{_this_boot()}.lock"):
                    _remove_if_free(path)

    def restore(self) -> None:
        """Lock anew what is held by a file that somebody removed: such a lock keeps nobody out.

        To be called every now and then.
        """
        for part, (file, jobs) in list(self._held.items()):
            if is_at(file, self._path(part)):
                self._missing.discard(part)
                continue
            is_news = part not in self._missing
            self._missing.add(part)
            try:
                again = self._lock(part)
            except (OSError, SaturnError) as error:
                if is_news:
                    _log.warning("The lease of %s is gone, and is not to be had: %s", part, error)
                continue
            if again is None:
                if is_news:
                    _log.error("The lease of %s was removed, and another session has it.", part)
                continue
            _log.warning("The lease of %s was removed, and is made anew.", part)
            self._missing.discard(part)
            self._held[part] = again, jobs
            os.close(file)

    def _take(self, part: str, device: Device) -> None:
        file, jobs = self._held.get(part, (None, 0))
        if file is None:
            try:
                file = self._lock(part)
            except OSError as error:
                raise _unlockable(device, self._folder, error) from error
        if file is None:
            self._refused.add(part)
            raise _busy(device, self._path(part))
        self._refused.discard(part)
        self._held[part] = file, jobs + 1

    def _release(self, part: str) -> None:
        file, jobs = self._held.pop(part)
        if jobs > 1:
            self._held[part] = file, jobs - 1
            return
        self._missing.discard(part)
        # While it is still locked, so that nobody's file is removed but our own.
        path = self._path(part)
        with contextlib.suppress(OSError):  # the folder cannot be reached
            if is_at(file, path):
                path.unlink(missing_ok=True)
        os.close(file)

    def _path(self, part: str) -> Path:
        return self._folder / f"{part}@{_this_boot()}.lock"

    def _lock(self, part: str) -> int | None:
        """The locked file of a part; None while another session has it."""
        ensure_state(self._folder)
        path = self._path(part)
        while True:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                is_ours = lock_exclusively(file, _AGAIN_SECONDS)
            except OSError:
                os.close(file)
                raise
            if not is_ours:
                os.close(file)
                return None
            if is_at(file, path):
                break
            os.close(file)  # removed by who had it, between our opening and our locking it
        owner: _Owner = {
            "session": self._paths.name,
            "folder": str(self._paths.folder),
            "pid": os.getpid(),
        }
        with contextlib.suppress(OSError):  # on a full disk it bears no name, but it is ours
            os.ftruncate(file, 0)
            os.write(file, json.dumps(owner).encode())
        return file


def _remove_if_free(path: Path) -> None:
    with path.open("rb+") as file, contextlib.suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if is_at(file.fileno(), path):
            path.unlink(missing_ok=True)


def _parts(device: Device) -> list[str]:
    if device["kind"] == "cuda":
        return [device["uuid"]]
    return [f"core-{core}" for core in device.get("cores", ())]


def _this_boot() -> str:
    """Machines may share a home folder, and what a power cut left there is held by nobody."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return platform.node()


def _busy(device: Device, lease: Path) -> SaturnError:
    try:
        owner: _Owner = json.loads(lease.read_bytes())
        who = f"session {owner['session']!r} in {owner['folder']} (process {owner['pid']})"
    except (OSError, ValueError, KeyError, TypeError):
        who = "another session"  # which has not yet written down its name
    return SaturnError(
        "device-busy",
        f"The device {device['id']} ({device['name']}) is in use by {who}.",
        "Wait until it is done, stop it there with %saturn stop, "
        "or choose other devices with %saturn cluster.",
        devices=[device["id"]],
    )


def _unlockable(device: Device, folder: Path, error: OSError) -> SaturnError:
    return SaturnError(
        "no-lease",
        f"The device {device['id']} ({device['name']}) cannot be kept from other sessions: "
        f"no file can be locked in {folder} ({error.strerror}).",
        "Make room there, or set XDG_STATE_HOME to a folder of yours on a disk of this machine.",
    )
