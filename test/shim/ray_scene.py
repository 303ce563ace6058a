"""Sessions on Ray clusters: how they are opened, what they train, and what is known of them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from jupyterlab_saturn import Session, Task
from jupyterlab_saturn.errors import Json
from ray_cluster import HeadLauncher, RayCluster
from stage import named, processes
from test_story import statuses
from waiting import until

ALONE = ["ddp", "fsdp", "offload", "pipeline", "tensor"]
SECONDS = 150.0


def gated(lr: float = 0.1, gate: str = "", steps: int = 1000, ballast: int = 0) -> Task:
    """Fit a line: slowly until there is a file, so that what is done to nodes is in time.

    Parameters
    ----------
    ballast
        Numbers that are part of each checkpoint, and others in each.
    """
    import time
    from functools import partial
    from pathlib import Path

    import torch
    from torch import nn
    from torch.utils.data import TensorDataset, default_collate

    inputs = torch.linspace(-1, 1, 64).reshape(64, 1)

    class Line(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))
            self.register_buffer("ballast", torch.zeros(ballast))

        def forward(self, values: torch.Tensor) -> Any:
            if ballast and self.training:
                self.ballast[0] += 1
            return self.layers(values)

    def collate(samples: list[Any]) -> Any:
        if gate and not Path(gate).exists():
            time.sleep(0.1)
        return default_collate(samples)

    return Task(
        model=Line(),
        data=TensorDataset(inputs, 2 * inputs + 1),
        loss=nn.functional.mse_loss,
        optimizer=partial(torch.optim.SGD, lr=lr),
        batch_size=8,
        steps=steps,
        collate=collate,
    )


@contextlib.contextmanager
def opened(cluster: RayCluster, home: Path, name: str = "story") -> Iterator[Session]:
    """A session on the head, of which nothing is left on any node afterwards."""
    one = Session(name, home, launcher=HeadLauncher(cluster))
    try:
        one.cluster(cpu=1)
        yield one
    finally:
        one.close()
        for agent in named("jupyterlab_saturn.agent", one):
            agent.terminate()
        until(lambda: not processes(one.paths))
    until(lambda: not _ours(cluster, one))


def _ours(cluster: RayCluster, session: Session) -> list[psutil.Process]:
    """What of us runs on the nodes of a cluster for a session: hands, agents, ranks."""
    folder = str(session.paths.folder)
    return [
        process
        for node in cluster.nodes
        for process in (*node.processes("ray::Hands"), *node.processes("jupyterlab_saturn"))
        if folder in process.cmdline() or (_is_hands(process) and not _is_anothers(process, folder))
    ]


def _is_hands(process: psutil.Process) -> bool:
    return " ".join(process.cmdline()).startswith("ray::Hands")


def _is_anothers(hands: psutil.Process, folder: str) -> bool:
    """Whether hands have an agent, of a session whose folder is another."""
    return any(folder not in agent.cmdline() for agent in hands.children())


@dataclass
class Training:
    """Tasks that train slowly until `let_go`."""

    session: Session
    gate: Path

    @classmethod
    def begin(cls, session: Session, home: Path, *, tasks: int = 4, **params: Any) -> Training:
        """Have a task train on each node of a session, some steps in."""
        one = cls(session, home / "gate")
        rates = [0.1 - number / 100 for number in range(tasks)]
        session.add(gated, {"lr": rates, "gate": str(one.gate), **params})
        session.run(exclude=ALONE)
        until(lambda: len(trained_now(session)) == len(usable(session)), SECONDS)
        return one

    def end(self) -> None:
        """Let all finish; each step of each task was made once in what counts."""
        self.gate.touch()
        require_whole(self.session)


def nodes_of(session: Session) -> dict[str, str]:
    """The nodes of a session and how they are."""
    return {node["id"]: node["state"] for node in session.state.get("nodes", [])}


def usable(session: Session) -> list[str]:
    """Ids of the nodes that can be used now."""
    return [node["id"] for node in session.state.get("cluster", {"nodes": []})["nodes"]]


def far_of(session: Session) -> list[str]:
    """Of these, the ones beside the session's own."""
    own = {node["id"] for node in session.state.get("nodes", []) if node.get("isOwn")}
    return [node for node in usable(session) if node not in own]


def where(session: Session) -> dict[str, list[str]]:
    """Nodes on which each task has trained, in order."""
    return {
        task["spec"]["name"]: [attempt["node"] for attempt in task["attempts"]]
        for task in session.state["tasks"]
    }


def trained_now(session: Session) -> set[str]:
    """Nodes on which a task has made steps that would be lost with it."""
    return {
        task["attempts"][-1]["node"]
        for task in session.state["tasks"]
        if task["status"] == "running" and task["progress"]["step"] > 20
    }


def task_of(session: Session, name: str) -> Json:
    """A task as the state has it."""
    [task] = [task for task in session.state["tasks"] if task["spec"]["name"] == name]
    return dict(task)


def checkpoint_of(session: Session, name: str) -> int:
    """Newest step that is saved of a task."""
    return int(task_of(session, name).get("checkpointStep", 0))


def require_whole(session: Session) -> None:
    """Every task has finished, and each step of it was made once in what counts."""
    session.wait(check=True)
    assert set(statuses(session.state).values()) == {"finished"}
    for name in statuses(session.state):
        history = session.history(name)
        assert list(history.index) == list(range(1, len(history) + 1))
    finished = [
        event["event"]["task"]
        for event in events(session)
        # What an agent says again is kept as a reference to what it said before.
        if event["kind"] == "group" and event["event"].get("kind") == "finished"
    ]
    assert sorted(finished) == sorted(statuses(session.state))


def events(session: Session) -> list[Json]:
    """The session's journal."""
    with session.paths.journal.open(encoding="utf-8") as journal:
        return [json.loads(line)["event"] for line in journal]


def greetings(session: Session) -> int:
    """How often an agent of another node has said hello."""
    heard = [event for event in events(session) if event["kind"] == "agent-connected"]
    return sum(event["hello"].get("far", False) for event in heard)
