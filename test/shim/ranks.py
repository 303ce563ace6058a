"""Real rank groups for tests: forked by a real zygote, heard on a real events socket."""

from __future__ import annotations

import itertools
import json
import os
import queue
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyterlab_saturn import wire
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.paths import SessionPaths
from jupyterlab_saturn.patience import patience
from jupyterlab_saturn.training.conformance.task_spec import task_spec
from jupyterlab_saturn.whole_files import write_json
from real_zygote import ZygoteClient, shared_zygote
from waiting import SECONDS

MEGABYTE = 1 << 20
_jobs = itertools.count(1)  # of all tests, since the zygote that tells of their ends is one


class Group:
    """The ranks of one job, and what they have said."""

    def __init__(
        self, folder: Path, request: Json, ranks: int, zygote: ZygoteClient | None = None
    ) -> None:
        self._zygote = zygote or shared_zygote()
        self.events: list[Json] = []
        self._job: str = request["job"]
        self._log = folder / f"{self._job}.log"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(request["events"])
        self._heard: queue.Queue[Json] = queue.Queue()
        # All the time: the kernel queues few datagrams, then the ranks wait.
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self._request = request
        self._path = folder / f"{self._job}.json"
        self.amend()
        self.pids = [
            self._zygote.spawn(f"{self._job}/{rank}", self._path, rank, self._log)
            for rank in range(ranks)
        ]

    def until(self, kind: str) -> Json:
        """The next event of a kind."""
        while True:
            try:
                event = self._heard.get(timeout=patience(SECONDS))
            except queue.Empty:
                raise AssertionError(f"no {kind}\n{self.events}\n{self.log}") from None
            if event["kind"] == kind:
                return event

    def amend(self, **changes: Any) -> None:
        """Write the request anew, as the agent does for ranks that run."""
        self._request = {**self._request, **changes}
        write_json(self._path, self._request)

    def signal(self, number: int, ranks: list[int] | None = None) -> None:
        for rank in range(len(self.pids)) if ranks is None else ranks:
            os.kill(self.pids[rank], number)

    def wait(self) -> list[int]:
        """Exit codes of all ranks; afterwards `events` is complete."""
        codes = [self._zygote.wait(f"{self._job}/{rank}") for rank in range(len(self.pids))]
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"", self._socket.getsockname())
        self._listener.join(patience(SECONDS))
        self._socket.close()
        return codes

    def of(self, kind: str) -> list[Json]:
        return [event for event in self.events if event["kind"] == kind]

    @property
    def log(self) -> str:
        return self._log.read_text()

    def _listen(self) -> None:
        while data := self._socket.recv(1 << 18):
            event: Json = json.loads(data)
            assert event["job"] == self._job
            self.events.append(event)
            self._heard.put(event)


class Session:
    """A session folder with payloads, tasks and jobs. Close it."""

    def __init__(self) -> None:
        # Short: the path of a socket holds about a hundred bytes.
        self._root = Path(tempfile.mkdtemp(prefix="saturn-test-"))
        self.paths = SessionPaths("test", self._root).ensure()
        self._jobs = 0
        self.record = self._root / "record"
        self.script = self._root / "script"

    def close(self) -> None:
        shutil.rmtree(self._root)

    def spec(self, factory: Callable[..., Any], name: str | None = None, **params: Any) -> Json:
        """A wire TaskSpec of a factory, pickled as the kernel does it."""
        spec = task_spec(self.paths, factory, name or factory.__name__, **params)
        wire.validate("TaskSpec", spec)
        return spec

    def train(
        self,
        spec: Json,
        technique: str,
        world: int = 1,
        zygote: ZygoteClient | None = None,
        **changes: Any,
    ) -> Group:
        """Start a group that trains a task."""
        return self.start(self.train_job(spec, technique, world, **changes), zygote)

    def train_across(
        self, spec: Json, technique: str, world: int, nodes: int = 2, **changes: Any
    ) -> list[Group]:
        """Start a group over several nodes, whose ranks meet on the loopback interface."""
        job = self.train_job(spec, technique, world, **changes)
        first = self.start_part(job, 0, nodes)
        meeting = first.until("meets")["meeting"]
        others = range(world // nodes, world, world // nodes)
        return [first, *(self.start_part(job, rank, nodes, meeting) for rank in others)]

    def start_part(
        self, job: Json, first: int, nodes: int = 2, meeting: Json | None = None, **changes: Any
    ) -> Group:
        """Start what a node has of a group over several.

        Parameters
        ----------
        first
            Its first rank.
        meeting
            Where the part of rank 0 waits; None of that itself.
        """
        each = len(job["devices"]) // nodes
        own = {
            "strategy": {**job["strategy"], "nodes": nodes},
            "devices": job["devices"][first : first + each],
            "rendezvous": f"{job['rendezvous']}-{first}",
            "address": "127.0.0.1",
            "part": {"first": first, **({"meeting": meeting} if meeting else {})},
        }
        return self.start({**job, **own, **changes})

    def train_job(self, spec: Json, technique: str, world: int = 1, **changes: Any) -> Json:
        """The request of a group that trains a task."""
        job = self._group_job("train", spec, technique, world)
        return {**job, "attempt": 1, "steps": 12, "checkpointSeconds": 1e6, **changes}

    def trial(self, spec: Json, technique: str, world: int = 1, **changes: Any) -> Group:
        """Start a group that measures a task."""
        job = self._group_job("trial", spec, technique, world)
        return self.start({**job, "signature": "s", **changes})

    def inspect(self, specs: list[Json], max_devices: int, workers: int = 1) -> Group:
        """Start the inspection of tasks, so many at a time."""
        job = {"kind": "inspect", "tasks": specs, "maxDevices": max_devices, "workers": workers}
        return self.start(job)

    def printed(self, spec: Json) -> str:
        """What a task has printed while it was inspected; empty when it was not."""
        log = self._root / f"task-{spec['name']}.log"
        return log.read_text() if log.exists() else ""

    def start(self, job: Json, zygote: ZygoteClient | None = None) -> Group:
        """Start the ranks of a request, completed."""
        self._jobs = next(_jobs)
        request = {
            "session": str(self.paths.folder),
            "job": f"job-{self._jobs}",
            "events": str(self._root / f"events-{self._jobs}"),
            **job,
        }
        return Group(self._root, request, len(job.get("devices", [0])), zygote)

    def log(self, spec: Json) -> list[Json]:
        """The lines that a task has logged."""
        text = self.paths.step_log(spec["name"]).read_text("utf-8")
        assert text.endswith("\n")
        return [json.loads(line) for line in text.splitlines()]

    def steps(self, spec: Json) -> dict[int, Json]:
        """The last line of each step that a task has logged, in their order."""
        lines = [line for line in self.log(spec) if not line.keys() & {"segment", "eval"}]
        return dict(sorted({line["step"]: line for line in lines}.items()))

    def curve(self, spec: Json, name: str) -> list[float]:
        """What was logged of all steps by a name."""
        found = self.steps(spec)
        assert list(found) == list(range(1, len(found) + 1))
        return [{**line, **line.get("metrics", {})}[name] for line in found.values()]

    def weights(self, spec: Json) -> dict[str, Any]:
        """The trained weights, loaded as anybody would."""
        import torch

        loaded: dict[str, Any] = torch.load(self.paths.model(spec["name"]), weights_only=True)
        return loaded

    def _group_job(self, kind: str, spec: Json, technique: str, world: int) -> Json:
        return {
            "kind": kind,
            "task": spec,
            "strategy": {"technique": technique, "devices": world},
            "devices": [virtual_device(index) for index in range(world)],
            "rendezvous": str(self._root / f"rendezvous-{self._jobs}"),
        }


def virtual_device(index: int, memory_bytes: int = 2048 * MEGABYTE) -> Json:
    """A wire Device on one of the cores this process may use."""
    cores = sorted(os.sched_getaffinity(0))
    return {
        "id": f"cpu{index}",
        "kind": "cpu",
        "name": "CPU",
        "memoryBytes": memory_bytes,
        "cores": [cores[index % len(cores)]],
    }


def finish(group: Group) -> Json:
    """Wait for a group that must finish. Returns its result."""
    codes = group.wait()
    assert set(codes) == {0}, f"{codes}\n{group.events}\n{group.log}"
    result: Json = group.of("finished")[-1]["result"]
    wire.validate("Result", result)
    return result
