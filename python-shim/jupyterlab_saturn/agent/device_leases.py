"""Whose a device is just now: one session at a time uses it, on the whole machine."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypedDict

from ..errors import SaturnError
from ..paths import SessionPaths

if TYPE_CHECKING:
    from ..generated.wire_types import Device


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
        self._held: dict[str, tuple[IO[str], int]] = {}

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
            ``device-busy``: another session holds one; the message says which.
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
                with (self._paths.leases / f"{part}.lock").open(encoding="utf-8") as file:
                    # Shared, and let go at once: of two who look both see that it is free.
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except FileNotFoundError:
                continue
            except BlockingIOError:
                return False
        return True

    def _take(self, part: str, device: Device) -> None:
        file, jobs = self._held.get(part) or (self._lock(part, device), 0)
        self._held[part] = file, jobs + 1

    def _release(self, part: str) -> None:
        file, jobs = self._held.pop(part)
        if jobs > 1:
            self._held[part] = file, jobs - 1
            return
        # While it is still locked, so that nobody's file is removed but our own.
        Path(file.name).unlink(missing_ok=True)
        file.close()

    def _lock(self, part: str, device: Device) -> IO[str]:
        path = self._paths.ensure_leases() / f"{part}.lock"
        while True:
            file = path.open("a+", encoding="utf-8")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                with file:
                    raise _busy(device, file.read()) from None
            if _is_at(file, path):
                break
            file.close()  # removed by who had it, between our opening and our locking it
        file.truncate(0)
        owner: _Owner = {
            "session": self._paths.name,
            "folder": str(self._paths.folder),
            "pid": os.getpid(),
        }
        file.write(json.dumps(owner))
        file.flush()
        return file


def _parts(device: Device) -> list[str]:
    if device["kind"] == "cuda":
        return [device["uuid"]]
    return [f"core-{core}" for core in device.get("cores", ())]


def _is_at(file: IO[str], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _busy(device: Device, note: str) -> SaturnError:
    try:
        owner: _Owner = json.loads(note)
        who = f"session {owner['session']!r} in {owner['folder']} (process {owner['pid']})"
    except (ValueError, KeyError, TypeError):
        who = "another session"  # which has not yet written down its name
    return SaturnError(
        "device-busy",
        f"The device {device['id']} ({device['name']}) is in use by {who}.",
        "Wait until it is done, stop it there with %saturn stop, "
        "or choose other devices with %saturn cluster.",
        devices=[device["id"]],
    )
