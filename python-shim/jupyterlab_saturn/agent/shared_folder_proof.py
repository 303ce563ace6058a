"""Whether another node has the session's very folder: proven, since paths may be equal by chance.

The session's own node writes a file with a random word into the folder, the other reads it and
writes an answer, which the first reads. Whether locks hold between the two shows at the same file.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, TypedDict, TypeVar, final

from ..errors import not_written
from ..paths import SessionPaths, no_shared_folder
from ..whole_files import write_json

_PREFIX = "proof-"
_AGAIN_SECONDS = 0.2
_PATIENCE_SECONDS = 10.0

T = TypeVar("T")


@final
class ProofAnswer(TypedDict):
    """What the other node has found."""

    host: str
    """Name of its machine."""
    locks: bool | None
    """Whether it saw that the file is locked; None where nothing can be locked."""
    proof: str
    """Digest of the word and the node's name."""


class SharedFolderProof:
    """The session's own node's part. Use as a context: files and lock are gone at its end.

    Parameters
    ----------
    paths
        Of the session, as the other node has them.
    patience
        Seconds to wait until files are seen: file systems of a network tell of them late.

    Attributes
    ----------
    name
        To be told to the other node, for `answer_proof`.
    """

    def __init__(self, paths: SessionPaths, patience: float = _PATIENCE_SECONDS) -> None:
        self._paths = paths
        self._patience = patience
        self._word = secrets.token_hex(16)
        self._file: int | None = None
        self.name = f"{_PREFIX}{secrets.token_hex(8)}"

    def __enter__(self) -> SharedFolderProof:
        """Write the file and lock it.

        Raises
        ------
        SaturnError
            ``not-writable``, ``disk-full``; as `SessionPaths.ensure`.
        """
        own = self._paths.ensure().own
        for left in own.glob(f"{_PREFIX}*"):
            left.unlink(missing_ok=True)
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self._file = os.open(own / self.name, flags, 0o600)
            os.write(self._file, self._word.encode())
            os.fsync(self._file)
        except OSError as error:
            self._close()
            raise not_written(error, f"Nothing can be written to {own}") from error
        with contextlib.suppress(OSError):  # which the other node finds as well
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def check(self) -> ProofAnswer:
        """Read what the other node has answered, once it says that it has.

        Raises
        ------
        SaturnError
            ``no-shared-folder``: its answer is not here.
        """
        path = _answer_of(self._paths, self.name)
        answer = _awaited(lambda: _read_answer(path), self._patience)
        node = self._paths.node or ""
        if answer is None or answer["proof"] != _digest(self._word, node):
            raise no_shared_folder(
                self._paths.folder, node, "what the node writes there is not seen here"
            )
        return answer

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
        for path in (self._paths.own / self.name, _answer_of(self._paths, self.name)):
            path.unlink(missing_ok=True)


def answer_proof(
    paths: SessionPaths, name: str, patience: float = _PATIENCE_SECONDS
) -> ProofAnswer:
    """The other node's part: find the file and write the answer.

    Parameters
    ----------
    paths
        Of the session, as this node has them.
    name
        As `SharedFolderProof` gives it.
    patience
        Seconds to wait for the file.

    Raises
    ------
    SaturnError
        ``no-shared-folder``: it is not here. ``unsafe-folder``: the session's folder is not this
        user's alone, by this node; ``not-writable``, ``disk-full``.
    """
    path = paths.own / name
    # Looked for first: nothing is made in a folder that only has the same name.
    word = _awaited(lambda: _read_word(path), patience)
    if word is None:
        raise no_shared_folder(
            paths.folder, paths.node or "", "what was written there a moment ago is not seen"
        )
    paths.ensure()
    answer: ProofAnswer = {
        "host": platform.node(),
        "locks": _sees_lock(path),
        "proof": _digest(word, paths.node or ""),
    }
    try:
        write_json(_answer_of(paths, name), answer)
    except OSError as error:
        raise not_written(error, f"Nothing can be written to {paths.own}") from error
    return answer


def _answer_of(paths: SessionPaths, name: str) -> Path:
    return paths.own / f"{name}.answer"


def _digest(word: str, node: str) -> str:
    return hashlib.sha256(f"{word} {node}".encode()).hexdigest()


def _awaited(look: Callable[[], T | None], patience: float) -> T | None:
    """What is found in time; None when nothing is."""
    until = time.monotonic() + patience
    while (found := look()) is None and time.monotonic() < until:
        time.sleep(_AGAIN_SECONDS)
    return found


def _read_word(path: Path) -> str | None:
    _ask_anew(path.parent)
    with contextlib.suppress(OSError):
        return path.read_text("utf-8") or None  # it may be seen before what is in it
    return None


def _read_answer(path: Path) -> ProofAnswer | None:
    _ask_anew(path.parent)
    try:
        found: Any = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    is_answer = isinstance(found, dict) and found.keys() == ProofAnswer.__annotations__.keys()
    return found if is_answer else None


def _ask_anew(folder: Path) -> None:
    """Have a client of NFS ask for what is in a folder, which it may remember from before."""
    with contextlib.suppress(OSError):
        list(folder.iterdir())


def _sees_lock(path: Path) -> bool | None:
    with path.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return None
    return False
