"""The one owner of every path of a session."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import re
import socket
import stat
import tempfile
from pathlib import Path
from typing import Any

from .errors import SaturnError, not_written

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PAYLOAD = re.compile(r"[0-9a-f]{16,64}\.pkl")
_WEIGHTS = re.compile(r"[0-9a-f]{16,64}")
_WORLD = re.compile(r"[0-9a-f]{16,64}\.json")


def make_private(folder: Path) -> None:
    """Make a folder, and those above it that are missing, which only their owner may enter."""
    missing = itertools.takewhile(lambda each: not each.exists(), folder.parents)
    for each in reversed([folder, *missing]):  # mkdir would open those above to all
        each.mkdir(mode=0o700, exist_ok=True)


def ensure_private(folder: Path, variable: str = "SATURN_HOME") -> Path:
    """Make a folder that only its owner may enter, or refuse it.

    Parameters
    ----------
    variable
        Names the environment variable that puts the folder elsewhere.

    Raises
    ------
    SaturnError
        ``not-writable`` when it cannot be made or written to, ``disk-full`` when there is no room
        for it; ``unsafe-folder`` when it belongs to somebody else or others may enter it.
    """
    try:
        make_private(folder)
        info = folder.lstat()
    except OSError as error:
        raise not_written(
            error,
            f"The folder {folder} cannot be made",
            f"Start the notebook in a folder you may write to, or set {variable} to one.",
        ) from error
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid():
        raise SaturnError(
            "unsafe-folder",
            f"{folder} is not a folder of yours, so nothing in it can be trusted.",
            f"Have it removed, or set {variable} to a folder of your own where Jupyter is started.",
        )
    if info.st_mode & 0o077:
        raise SaturnError(
            "unsafe-folder",
            f"Others may enter {folder} (mode {stat.S_IMODE(info.st_mode):o}).",
            f"Close it with: chmod 700 '{folder}'",
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SaturnError(
            "not-writable",
            f"The folder {folder} is not writable.",
            f"Give yourself access (chmod u+rwx '{folder}'), or set {variable} to another folder.",
        )
    return folder


def is_private(folder: Path) -> bool:
    """Whether a folder is this user's own, and nobody else can have put anything in it."""
    try:
        info = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(info.st_mode) and info.st_uid == os.getuid() and not info.st_mode & 0o077


def write_json(path: Path, value: Any) -> None:
    """Write a file so that readers see the old text or the new, never a part.

    Raises OSError; then nothing of it is left.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(json.dumps(value), encoding="utf-8")
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


_TEMPORARY = re.compile(r".*\.(\d+)\.tmp")


def remove_leftovers(folder: Path) -> None:
    """Remove from a folder the temporary files of processes that were killed while they wrote."""
    for path in folder.glob("*.tmp"):
        owner = _TEMPORARY.fullmatch(path.name)
        if owner is not None and not is_alive(int(owner[1])):
            path.unlink(missing_ok=True)


def is_alive(pid: int) -> bool:
    """Whether a process of this user exists."""
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def is_at(file: int, path: Path) -> bool:
    """Whether an open file is the one that a path leads to now."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except OSError:
        return False


# What follows takes 36 of the 107 bytes of a socket's path (unix(7)).
_LONGEST_BASE = 70
_RUNTIME_VARIABLE = "XDG_RUNTIME_DIR"
_STATE_VARIABLE = "XDG_STATE_HOME"


def _runtime_of_all() -> Path:
    base = os.environ.get(_RUNTIME_VARIABLE)
    # It may be gone: at a logout it is removed for good.
    if base and _is_short(base) and os.access(base, os.W_OK | os.X_OK):
        return Path(base) / "saturn"
    temporary = tempfile.gettempdir()
    if not _is_short(temporary):
        temporary = "/tmp"
    folder = Path(temporary) / f"saturn-{os.getuid()}"
    if _is_of_another(folder) and (own := _runtime_at_home()) is not None:
        return own
    return folder


def _is_short(base: Path | str) -> bool:
    return len(os.fsencode(base)) <= _LONGEST_BASE


def _is_of_another(folder: Path) -> bool:
    """Whether somebody else has made it, as anybody may in a folder for temporary files."""
    try:
        return folder.lstat().st_uid != os.getuid()
    except OSError:
        return False


def _runtime_at_home() -> Path | None:
    """A folder where nobody else makes any, one for each machine that has the same home."""
    try:
        base = Path.home() / ".cache"
    except RuntimeError:
        return None
    machine = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]
    return base / f"saturn-{machine}" if _is_short(base / "saturn-") else None


def _state_of_all() -> Path:
    """Where nobody cleans up, unlike the folder of the sockets.

    That one serves as well where there is no home folder, as in some containers.
    """
    base = os.environ.get(_STATE_VARIABLE)
    try:
        state = Path(base) if base else Path.home() / ".local" / "state"
    except RuntimeError:
        return _runtime_of_all()
    # Where a home cannot be entered, as once its ticket has expired, nothing is there.
    present = next((each for each in (state, *state.parents) if os.access(each, os.F_OK)), None)
    if state.is_absolute() and present is not None and os.access(present, os.W_OK | os.X_OK):
        return state / "jupyterlab-saturn"
    return _runtime_of_all()


SCRATCH_PREFIX = "mp-"


def scratch(runtime: Path, job: str) -> Path:
    """Folder for the sockets of a job's processes; as short as they need it."""
    return runtime / f"{SCRATCH_PREFIX}{job[:8]}"


def engine_endpoint(runtime: Path) -> str:
    """ZeroMQ address of the engine's socket in a session's runtime folder."""
    return f"ipc://{runtime / 'engine.sock'}"


def events_socket(runtime: Path) -> Path:
    """Datagram socket in it on which ranks tell the agent what happens."""
    return runtime / "events.sock"


class SessionPaths:
    """Where a session keeps what.

    Parameters
    ----------
    name
        Name of the session: letters, digits, ``.``, ``_`` and ``-``.
    home
        Folder of all sessions; ``$SATURN_HOME``, else ``.saturn`` in the working folder.
    """

    def __init__(self, name: str = "default", home: Path | str | None = None) -> None:
        if not _NAME.fullmatch(name):
            raise SaturnError(
                "bad-session-name",
                f"{name!r} is no session name.",
                "Use up to 64 letters, digits, dots, dashes and underscores.",
            )
        base = Path(home) if home is not None else Path(os.environ.get("SATURN_HOME", ".saturn"))
        self.name = name
        self.folder = base.absolute() / name

    @classmethod
    def of_folder(cls, folder: Path | str) -> SessionPaths:
        """The paths of an existing session folder."""
        folder = Path(folder)
        return cls(folder.name, folder.parent)

    def ensure(self) -> SessionPaths:
        """Make the session's folders, private to their owner. Raises like `ensure_private`."""
        ensure_private(self.folder)
        for folder in (self.payloads, self.tasks, self.trials, self.inspections):
            ensure_private(folder)
        return self

    @property
    def exists(self) -> bool:
        """Whether the session was ever started."""
        return self.journal.exists()

    @property
    def journal(self) -> Path:
        return self.folder / "journal.jsonl"

    @property
    def payloads(self) -> Path:
        return self.folder / "payloads"

    @property
    def tasks(self) -> Path:
        return self.folder / "tasks"

    @property
    def trials(self) -> Path:
        return self.folder / "trials"

    @property
    def inspections(self) -> Path:
        return self.folder / "inspections"

    @property
    def devices(self) -> Path:
        """JSON ``DeviceRequest`` that was last met: the next agent begins with the same."""
        return self.folder / "devices.json"

    @property
    def summary(self) -> Path:
        """JSON ``SessionSummary`` of the engine: how far the session is, for who only looks."""
        return self.folder / "summary.json"

    @property
    def engine_log(self) -> Path:
        return self.folder / "engine.log"

    @property
    def agent_log(self) -> Path:
        return self.folder / "agent.log"

    @property
    def zygote_log(self) -> Path:
        return self.folder / "zygote.log"

    @property
    def agent_lock(self) -> Path:
        """Held (flock) by the agent for as long as it lives."""
        return self.folder / "agent.lock"

    @property
    def agent_status(self) -> Path:
        """JSON ``{pid, version, endpoint}`` of the living agent, or its start's ``{error}``."""
        return self.folder / "agent.json"

    def payload(self, name: str) -> Path:
        """A pickled factory. Refuses names that could lead out of the payloads folder."""
        if not _PAYLOAD.fullmatch(name):
            raise SaturnError("bad-payload", f"{name!r} is no payload of this session.")
        return self.payloads / name

    def world(self, name: str) -> Path:
        """A wire ``World``. Refuses names that could lead out of the payloads folder."""
        if not _WORLD.fullmatch(name):
            raise SaturnError("bad-payload", f"{name!r} is no world of this session.")
        return self.payloads / name

    def weights(self, name: str) -> Path:
        """A checkpoint kept for clones to begin with. Refuses names that could lead out."""
        if not _WEIGHTS.fullmatch(name):
            raise SaturnError("bad-payload", f"{name!r} are no weights of this session.")
        return self.folder / "weights" / name

    def task(self, name: str) -> Path:
        return self.tasks / name

    def attempt(self, task: str, number: int) -> Path:
        return self.task(task) / f"attempt-{number}"

    def step_log(self, task: str) -> Path:
        """What a task logged of its steps, whatever attempt made them."""
        return self.task(task) / "log.jsonl"

    def checkpoints(self, task: str) -> Path:
        return self.task(task) / "checkpoints"

    def native(self, task: str) -> Path:
        """What a task that trains by itself writes: its checkpoints and logs."""
        return self.task(task) / "native"

    def model(self, task: str) -> Path:
        return self.task(task) / "model.pt"

    def model_folder(self, task: str) -> Path:
        """Where a task's own export goes."""
        return self.task(task) / "model"

    def inspection_log(self, task: str) -> Path:
        """What a task printed when it was last built."""
        return self.inspections / f"{task}.log"

    def trial(self, trial: str) -> Path:
        return self.trials / trial

    @property
    def runtime(self) -> Path:
        """Folder of the session's sockets; short, since socket paths hold about 100 bytes.

        Where they are made now: those of an agent that lives may be elsewhere, as its status says.
        """
        digest = hashlib.sha256(str(self.folder).encode()).hexdigest()[:16]
        return _runtime_of_all() / digest

    @property
    def leases(self) -> Path:
        """Folder of locks on this machine's devices, shared by all sessions of the user."""
        return _state_of_all() / "devices"

    @property
    def launch_record(self) -> Path:
        """How the session was last started; out of its folder, which may come from elsewhere."""
        digest = hashlib.sha256(str(self.folder).encode()).hexdigest()[:32]
        return launch_records() / f"{digest}.json"

    def ensure_runtime(self) -> Path:
        """Make the folder of the sockets, private to its owner. Raises like `ensure_private`."""
        ensure_private(self.runtime.parent, _RUNTIME_VARIABLE)
        return ensure_private(self.runtime, _RUNTIME_VARIABLE)


def launch_records() -> Path:
    """Folder of what is known of all sessions of the user on this machine."""
    return _state_of_all() / "sessions"


def ensure_state(folder: Path) -> Path:
    """Make a folder of what all sessions share. Raises like `ensure_private`."""
    ensure_private(folder.parent, _STATE_VARIABLE)
    return ensure_private(folder, _STATE_VARIABLE)
