"""The one owner of every path of a session."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from .errors import SaturnError
from .private_folders import ensure_private
from .user_folders import RUNTIME_VARIABLE, launch_records, runtime_of_all, state_of_all

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_PAYLOAD = re.compile(r"[0-9a-f]{16,64}\.pkl")
_WEIGHTS = re.compile(r"[0-9a-f]{16,64}")
_WORLD = re.compile(r"[0-9a-f]{16,64}\.json")

SCRATCH_PREFIX = "mp-"

COMMITTED = "saturn-identity"
"""File that a library's checkpoint has once it is complete; it tells what was trained."""


def scratch(runtime: Path, job: str) -> Path:
    """Folder for the sockets of a job's processes; as short as they need it."""
    return runtime / f"{SCRATCH_PREFIX}{job[:8]}"


def engine_endpoint(runtime: Path) -> str:
    """ZeroMQ address of the engine's socket in a session's runtime folder."""
    return f"ipc://{runtime / 'engine.sock'}"


def events_socket(runtime: Path) -> Path:
    """Datagram socket in it on which ranks tell the agent what happens."""
    return runtime / "events.sock"


def no_shared_folder(folder: Path, node: str, why: str) -> SaturnError:
    """What is said where a node does not have a session's folder.

    Parameters
    ----------
    why
        How that shows, as a part of a sentence.
    """
    return SaturnError(
        "no-shared-folder",
        f"The node {node} does not share the session's folder {folder}: {why}.",
        "Have a file system that all nodes share (NFS, Lustre, EFS...) under the same path "
        "everywhere, and set SATURN_HOME to a folder on it where Jupyter is started.",
    )


class SessionPaths:
    """Where a session keeps what.

    Parameters
    ----------
    name
        Name of the session: letters, digits, ``.``, ``_`` and ``-``.
    home
        Folder of all sessions; ``$SATURN_HOME``, else ``.saturn`` in the working folder.
    node
        Id of the node whose agent uses them; None on the session's own, where the engine is. What
        belongs to one node alone has a place of its own there, all else is the session's.
    """

    def __init__(
        self, name: str = "default", home: Path | str | None = None, node: str | None = None
    ) -> None:
        if not _NAME.fullmatch(name):
            raise SaturnError(
                "bad-session-name",
                f"{name!r} is no session name.",
                "Use up to 64 letters, digits, dots, dashes and underscores.",
            )
        if node is not None and not _NODE.fullmatch(node):
            raise SaturnError(
                "bad-node-name",
                f"{node!r} is no name of a node.",
                "Use up to 128 letters, digits, dots, dashes and underscores, e.g. a host name.",
            )
        base = Path(home) if home is not None else Path(os.environ.get("SATURN_HOME", ".saturn"))
        self.name = name
        self.folder = base.absolute() / name
        self.node = node

    @classmethod
    def of_folder(cls, folder: Path | str, node: str | None = None) -> SessionPaths:
        """The paths of an existing session folder."""
        folder = Path(folder)
        return cls(folder.name, folder.parent, node)

    def ensure(self) -> SessionPaths:
        """Make the session's folders, private to their owner. Raises like `ensure_private`.

        Raises
        ------
        SaturnError
            ``no-shared-folder``: this is another node than the session's own, and the session's
            folder is not there.
        """
        if self.node is not None and not self.folder.exists():
            raise no_shared_folder(self.folder, self.node, "it is not there")
        ensure_private(self.folder)
        for folder in (self.payloads, self.tasks, self.trials, self.inspections):
            ensure_private(folder)
        if self.own != self.folder:
            ensure_private(self.nodes)
            ensure_private(self.own)
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
    def nodes(self) -> Path:
        """Folders of what belongs to one node alone, but for the session's own."""
        return self.folder / "nodes"

    @property
    def own(self) -> Path:
        """What belongs to this node alone: its agent's lock, status, logs and devices."""
        return self.folder if self.node is None else self.nodes / self.node

    @property
    def devices(self) -> Path:
        """JSON ``DeviceRequest`` that was last met: the next agent begins with the same."""
        return self.own / "devices.json"

    @property
    def summary(self) -> Path:
        """JSON ``SessionSummary`` of the engine: how far the session is, for who only looks."""
        return self.folder / "summary.json"

    @property
    def engine_log(self) -> Path:
        return self.folder / "engine.log"

    @property
    def agent_log(self) -> Path:
        return self.own / "agent.log"

    @property
    def bridge_log(self) -> Path:
        return self.folder / "bridge.log"

    @property
    def trackers(self) -> Path:
        """What experiment trackers keep here, a folder each, and notes and logs beside them."""
        return self.folder / "trackers"

    def tracker(self, name: str) -> Path:
        """Where a tracker keeps what it is told."""
        return self.trackers / name

    def tracker_notes(self, name: str) -> Path:
        """What was told to a tracker, for the process that tells it."""
        return self.trackers / f"{name}.told"

    def tracker_log(self, name: str) -> Path:
        return self.trackers / f"{name}.log"

    @property
    def advisor_log(self) -> Path:
        return self.folder / "advisor.log"

    @property
    def zygote_log(self) -> Path:
        return self.own / "zygote.log"

    @property
    def agent_lock(self) -> Path:
        """Held (flock) by the agent for as long as it lives."""
        return self.own / "agent.lock"

    @property
    def engine_lock(self) -> Path:
        """Held (flock) by the engine for as long as it lives; its process id."""
        return self.folder / "engine.lock"

    @property
    def agent_status(self) -> Path:
        """JSON ``{pid, version, endpoint}`` of the living agent, or its start's ``{error}``."""
        return self.own / "agent.json"

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
        return self.weights_home / name

    @property
    def weights_home(self) -> Path:
        """Checkpoints kept for clones to begin with."""
        return self.folder / "weights"

    def task(self, name: str) -> Path:
        return self.tasks / name

    def attempt(self, task: str, number: int) -> Path:
        return self.task(task) / f"attempt-{number}"

    def step_log(self, task: str) -> Path:
        """What a task logged of its steps, whatever attempt made them."""
        return self.task(task) / "log.jsonl"

    def checkpoints(self, task: str) -> Path:
        return self.task(task) / "checkpoints"

    def claims(self, task: str) -> Path:
        """A file for each attempt at a task that has begun."""
        return self.task(task) / "claims"

    def native(self, task: str) -> Path:
        """What a task that trains by itself writes: its checkpoints and logs."""
        return self.task(task) / "native"

    def model(self, task: str) -> Path:
        return self.task(task) / "model.pt"

    def model_folder(self, task: str) -> Path:
        """Where a task's own export goes."""
        return self.task(task) / "model"

    def hub_folder(self, task: str) -> Path:
        """Its model as others get it."""
        return self.task(task) / "hub"

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
        # Two nodes may be on one machine.
        place = str(self.folder) if self.node is None else f"{self.folder}\0{self.node}"
        digest = hashlib.sha256(place.encode()).hexdigest()[:16]
        return runtime_of_all() / digest

    @property
    def leases(self) -> Path:
        """Folder of locks on this machine's devices, shared by all sessions of the user."""
        return state_of_all() / "devices"

    @property
    def launch_record(self) -> Path:
        """How the session was last started; out of its folder, which may come from elsewhere."""
        digest = hashlib.sha256(str(self.folder).encode()).hexdigest()[:32]
        return launch_records() / f"{digest}.json"

    def ensure_runtime(self) -> Path:
        """Make the folder of the sockets, private to its owner. Raises like `ensure_private`."""
        ensure_private(self.runtime.parent, RUNTIME_VARIABLE)
        return ensure_private(self.runtime, RUNTIME_VARIABLE)
