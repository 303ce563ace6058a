"""How long a task that trains on a node which is lost waits until it trains elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from jupyterlab_saturn import Session
from ray_cluster import RayCluster, RayNode
from ray_scene import SECONDS, Training, far_of, task_of, trained_now, usable
from waiting import until

WAYS: tuple[tuple[str, Callable[[RayNode], object]], ...] = (
    ("its agent is killed", lambda node: node.kill("jupyterlab_saturn.agent")),
    ("its hands are killed", lambda node: node.kill("ray::Hands")),
    ("its cable is cut", RayNode.cut),
    ("Ray there is killed", lambda node: node.kill("raylet")),
)


def lose(session: Session, cluster: RayCluster, home: Path, say: Callable[[str], None]) -> None:
    """Lose nodes of a cluster, which has three and cables, while two tasks train."""
    until(lambda: len(usable(session)) == 3, SECONDS)
    training = Training.begin(session, home, tasks=2, on=2, steps=100_000)
    for what, lost in WAYS:
        until(lambda: len(trained_now(session)) == 2 and {*far_of(session)} & trained_now(session))
        far, name = next(
            (task["attempts"][-1]["node"], task["spec"]["name"])
            for task in session.state["tasks"]
            if task["attempts"][-1]["node"] in far_of(session)
        )
        before = len(task_of(session, name)["attempts"])
        broken = time.monotonic()
        node = _node_of(session, cluster, far)
        lost(node)

        def goes_on(name: str = name, before: int = before) -> bool:
            task = task_of(session, name)
            last = task["attempts"][-1]
            is_begun = len(task["attempts"]) > before and "startedAt" in last
            return is_begun and task["progress"]["step"] > last["fromStep"]

        until(goes_on, SECONDS)
        took = time.monotonic() - broken
        say(f"a node is lost as {what}: its task makes its next step {took:.1f} s later")
        if lost is RayNode.cut:
            node.mend()
        if lost is not WAYS[-1][1]:
            until(lambda: len(usable(session)) == 3, SECONDS)
    session.stop()
    training.gate.touch()


def _node_of(session: Session, cluster: RayCluster, far: str) -> RayNode:
    """The node of a cluster that a session calls so."""
    [address] = [node["address"] for node in session.state["bridge"]["nodes"] if node["id"] == far]
    return next(node for node in cluster.nodes if node.address == address)
