"""A session and a node that do not share a folder, over a real socket."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import zmq
import zmq.asyncio
from jupyterlab_saturn.errors import Json, SaturnError
from jupyterlab_saturn.files.file_line import FileLine
from jupyterlab_saturn.files.frames import request_of
from jupyterlab_saturn.files.node_files import NodeFiles
from jupyterlab_saturn.files.session_store import SessionStore
from jupyterlab_saturn.paths import SessionPaths
from jupyterlab_saturn.training.run.atomic_checkpoint import AtomicCheckpoints
from jupyterlab_saturn.training.run.attempt_claim import AttemptClaim
from jupyterlab_saturn.training.run.checkpoint_manifest import fingerprint


class FileScene:
    """A session and a node, each with a folder of its own, and what carries frames.

    Attributes
    ----------
    spoil
        Changes what a node says on its way.
    is_cut
        Whether what a node says is lost, and answered never.
    asked
        What was asked, in order.
    most
        So many requests were under way at once.
    """

    def __init__(self, folder: Path) -> None:
        self.here = SessionPaths("s", folder / "here").ensure()
        (folder / "there" / "s").mkdir(0o700, parents=True)
        (folder / "there").chmod(0o700)
        self.there = SessionPaths("s", folder / "there", "far").ensure()
        self.store = SessionStore(self.here, "far")
        self.spoil: Callable[[bytes], bytes] = lambda frame: frame
        self.is_cut = False
        self.asked: list[Json] = []
        self.most = 0

    @contextlib.asynccontextmanager
    async def files(self) -> AsyncIterator[NodeFiles]:
        socket = zmq.asyncio.Context.instance().socket(zmq.ROUTER)
        endpoint = f"ipc://{self.there.folder.parent}/f.sock"
        socket.bind(endpoint)
        carrying = asyncio.create_task(self._carry(socket))
        files = NodeFiles(self.there, FileLine(endpoint))
        try:
            yield files
        finally:
            await files.close()
            carrying.cancel()
            await asyncio.gather(carrying, return_exceptions=True)
            socket.close(0)

    async def _carry(self, socket: zmq.asyncio.Socket) -> None:
        under_way: set[asyncio.Task[None]] = set()

        async def answer(identity: bytes, frame: bytes) -> None:
            await socket.send_multipart([identity, await self.store.answer(frame)])

        while True:
            identity, frame = await socket.recv_multipart()
            if self.is_cut:
                continue
            with contextlib.suppress(SaturnError):
                self.asked.append(dict(request_of(frame)[0]))
            task = asyncio.create_task(answer(identity, self.spoil(frame)))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            self.most = max(self.most, len(under_way))

    def ops(self) -> list[str]:
        return [request["op"] for request in self.asked]


def commit(paths: SessionPaths, attempt: int, step: int, content: bytes, task: str = "t") -> Path:
    """A checkpoint, as a rank of an attempt commits it."""
    claim = AttemptClaim.of_task(paths, task, attempt)
    saving = AtomicCheckpoints(paths.checkpoints(task), "same", claim)
    folder = saving.begin(step, len(content))
    (folder / "weights").write_bytes(content)
    return saving.commit(step, {"weights": fingerprint(folder / "weights")}, {})


def newest(paths: SessionPaths, attempt: int, task: str = "t") -> tuple[int, bytes] | None:
    """Step and content of the checkpoint that an attempt goes on from."""
    claim = AttemptClaim.of_task(paths, task, attempt)
    saved = AtomicCheckpoints(paths.checkpoints(task), "same", claim)
    manifest = saved.newest()
    return manifest and (manifest["step"], (saved.path(manifest) / "weights").read_bytes())
