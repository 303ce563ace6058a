"""The session's side: gives a node the files of tasks, and takes what its attempts have made."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import shutil
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ..errors import SaturnError, failure_of, is_disk_full, not_written
from ..paths import SessionPaths
from ..private_folders import make_private
from ..training.run.attempt_claim import AttemptClaim
from ..whole_files import require_room
from .frames import CHUNK, asked, packed, request_of
from .task_units import LOG, LOG_BEHIND, is_droppable, is_unit, units_below
from .unit_folder import DAMAGED, UnitFolder, read_at, sizes_of, write_at

if TYPE_CHECKING:
    from ..generated.wire_types import FileReply, FileRequest, FileUnit

_log = logging.getLogger(__name__)

_RANK_LOG = re.compile(r"rank\d{1,5}\.log")


class SessionStore:
    """Answers what the agent of one node asks of files. What it takes is there whole, once.

    An attempt that is late, since a later one has the task, is refused; see `AttemptClaim`.

    Parameters
    ----------
    paths
        Of the session, as its own node has them.
    node
        Whose agent asks; what arrives from there is kept in a folder of its own until it is whole.
    """

    def __init__(self, paths: SessionPaths, node: str) -> None:
        self._paths = paths
        self._folder = UnitFolder(paths.folder)
        self._arriving = _arrivals_of(paths.nodes / node)
        self.close()  # of a store that was killed

    async def answer(self, frame: bytes) -> bytes:
        """The frame that answers one, which may hold anything."""
        number = asked(frame)
        try:
            request, data = request_of(frame)
            told, content = await asyncio.to_thread(self._answer, request, data)
        except Exception as error:
            if not isinstance(error, SaturnError):
                _log.warning("Files: %s", error, exc_info=not isinstance(error, OSError))
            if is_disk_full(error) and isinstance(error, OSError):
                error = not_written(error, f"Nothing can be written to {self._paths.folder}")
            return packed({"id": number, "error": failure_of(error)})
        return packed(told, content)

    def close(self) -> None:
        """Forget what has not arrived as a whole."""
        shutil.rmtree(self._arriving, ignore_errors=True)

    def _answer(self, request: FileRequest, data: bytes) -> tuple[FileReply, bytes]:
        reply: FileReply = {"id": request["id"]}
        try:
            match request["op"]:
                case "find":
                    reply["units"] = [self._find(request["path"])]
                case "read":
                    return reply, self._read(request["path"], request["offset"], request["size"])
                case "begin":
                    self._begin(request["task"], request["attempt"], reply)
                case "began":
                    self._claim(request).begin_at(request["step"])
                case "append":
                    self._append(request, data)
                case "note":
                    self._note(request["path"], data)
                case "offer":
                    reply["lacking"] = self._offer(request)
                case "put":
                    self._put(request, data)
                case "commit":
                    self._commit(request)
        except KeyError as error:
            raise SaturnError("bad-message", f"{request['op']} without {error}.") from error
        return reply, b""

    def _find(self, path: str) -> FileUnit:
        try:
            return self._folder.unit(path, self._given(path))
        except FileNotFoundError as error:
            raise SaturnError("no-payload", f"The session does not have {path}.") from error

    def _given(self, path: str) -> Path:
        """Where what tasks are made of is. Raises SaturnError ``bad-payload`` for anything else."""
        kind, _, name = path.partition("/")
        if kind == "weights":
            return self._paths.weights(name)
        if kind == "payloads":
            return self._paths.world(name) if name.endswith(".json") else self._paths.payload(name)
        raise SaturnError("bad-payload", f"{path!r} is nothing that a node gets.")

    def _read(self, path: str, offset: int, size: int) -> bytes:
        parts = PurePosixPath(path).parts
        if parts[0] == "tasks":
            below = "/".join(parts[2:])
            known = below == LOG or any(
                is_unit("/".join(parts[2:end])) for end in range(3, len(parts) + 1)
            )
            if not known:
                raise SaturnError("bad-payload", f"{path!r} is nothing that a node gets.")
        else:
            self._given("/".join(parts[:2]))
        file = (self._paths.folder / path).resolve()
        if not file.is_relative_to(self._paths.folder.resolve()):
            raise SaturnError("bad-payload", f"{path!r} leads out of the session.")
        try:
            return read_at(file, min(size, CHUNK), offset)
        except FileNotFoundError as error:
            raise SaturnError(DAMAGED, f"{path} is not there any more.") from error

    def _claim(self, request: FileRequest) -> AttemptClaim:
        claim = AttemptClaim.of_task(self._paths, request["task"], request["attempt"])
        claim.require()
        return claim

    def _begin(self, task: str, attempt: int, reply: FileReply) -> None:
        AttemptClaim.of_task(self._paths, task, attempt).make()
        # Listed after that: what an earlier one commits from here on is late.
        folder = self._paths.task(task)
        units = []
        for name, place in (*units_below(folder).items(), (LOG, folder / LOG)):
            with contextlib.suppress(FileNotFoundError):
                units.append(self._folder.unit(f"tasks/{task}/{name}", place))
        reply["units"] = units
        reply["claims"] = [entry.name for entry in self._paths.claims(task).iterdir()]

    def _append(self, request: FileRequest, data: bytes) -> None:
        self._claim(request)
        task, attempt = request["task"], request["attempt"]
        log = self._paths.step_log(task)
        path = self._paths.folder / request["path"]
        is_rank = path.parent == self._paths.attempt(task, attempt) and _RANK_LOG.fullmatch(
            path.name
        )
        if path != log and not is_rank:
            raise SaturnError("bad-payload", f"{request['path']!r} is no log of {task}.")
        make_private(path.parent)
        if request["offset"] == 0:
            _write_anew(path, data)  # another inode, for those who follow it
            return
        try:
            file = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise SaturnError(LOG_BEHIND, f"{request['path']} is not there any more.") from error
        try:
            if os.fstat(file).st_size < request["offset"]:
                raise SaturnError(LOG_BEHIND, f"{request['path']} is shorter than that.")
            # At its place, not at the end: what is told again is written over itself.
            os.pwrite(file, data, request["offset"])
        finally:
            os.close(file)

    def _note(self, path: str, data: bytes) -> None:
        folder, _, name = path.partition("/")
        if folder != self._paths.inspections.name or "/" in name or not name.endswith(".log"):
            raise SaturnError("bad-payload", f"{path!r} is no log of an inspection.")
        file = self._paths.folder / path
        if data:
            _write_anew(file, data)
        else:
            file.unlink(missing_ok=True)

    def _offer(self, request: FileRequest) -> list[str]:
        self._claim(request)
        units = request["units"]
        self._require_units(request)
        here = self._contents(request["task"])
        arrived = self._arrivals(request)
        make_private(arrived)
        for file in arrived.iterdir():
            here[file.name] = file
        lacking = {sha: size for sha, size in sizes_of(units).items() if sha not in here}
        require_room(arrived, sum(lacking.values()), f"A copy of the files of {request['task']}")
        return sorted(lacking)

    def _put(self, request: FileRequest, data: bytes) -> None:
        write_at(self._arrivals(request) / f"{request['sha256']}.part", data, request["offset"])

    def _commit(self, request: FileRequest) -> None:
        self._claim(request)
        self._require_units(request)
        task, attempt, units = request["task"], request["attempt"], request["units"]
        arrived, here = self._arrivals(request), self._contents(task)
        for sha, size in sizes_of(units).items():
            part = arrived / f"{sha}.part"
            if sha not in here and not (arrived / sha).exists():
                self._folder.verify(part, sha, size)
                part.rename(arrived / sha)
        if arrived.exists():
            here |= {file.name: file for file in arrived.iterdir()}
        changed = [unit for unit in units if not self._folder.has(unit)]
        for number, unit in enumerate(changed):
            built = arrived / f"built-{number}"
            shutil.rmtree(built, ignore_errors=True)
            built.unlink(missing_ok=True)
            make_private(arrived)
            self._folder.build(unit, here, built)
        # A later attempt that begins from here on sees them; one that has begun does without.
        self._claim(request)
        for number, unit in enumerate(changed):
            self._folder.put(arrived / f"built-{number}", unit["path"])
        self._claim(request)
        self._drop_others(task, attempt, {unit["path"] for unit in units})
        shutil.rmtree(arrived, ignore_errors=True)

    def _drop_others(self, task: str, attempt: int, kept: set[str]) -> None:
        if not any("/checkpoints/" in path or "/native/" in path for path in kept):
            return  # whoever has none cannot say that those here are of no use
        for name in units_below(self._paths.task(task)):
            path = f"tasks/{task}/{name}"
            if path not in kept and is_droppable(name, attempt):
                self._folder.drop(path)

    def _contents(self, task: str) -> dict[str, Path]:
        return self._folder.contents(
            {
                f"tasks/{task}/{name}": place
                for name, place in units_below(self._paths.task(task)).items()
            }
        )

    def _arrivals(self, request: FileRequest) -> Path:
        return self._arriving / f"{request['task']}-{request['attempt']}"

    @staticmethod
    def _require_units(request: FileRequest) -> None:
        home = f"tasks/{request['task']}/"
        for unit in request["units"]:
            if not unit["path"].startswith(home) or not is_unit(unit["path"].removeprefix(home)):
                raise SaturnError("bad-payload", f"{unit['path']!r} is nothing that is taken.")


def forget_arrivals(paths: SessionPaths) -> None:
    """Remove what has not arrived as a whole from any node, once nobody carries any more."""
    for node in paths.nodes.glob("*"):
        shutil.rmtree(_arrivals_of(node), ignore_errors=True)


def _arrivals_of(node: Path) -> Path:
    return node / "arriving"


def _write_anew(path: Path, data: bytes) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(data)
        temporary.chmod(0o600)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
