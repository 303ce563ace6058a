"""How long a task that trains on a node which is lost waits until it trains elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from jupyterlab_saturn import Session
from ray_cluster import RayCluster, RayNode
from ray_scene import SECONDS, Training, far_of, task_of, where
from test_story import statuses
from waiting import until

WAYS: tuple[tuple[str, Callable[[RayNode], object]], ...] = (
    ("its agent is killed", lambda node: node.kill("jupyterlab_saturn.agent")),
    ("its hands are killed", lambda node: node.kill("ray::Hands")),
    ("its cable is cut", RayNode.cut),
    ("Ray there is killed", lambda node: node.kill("raylet")),
)


def lose(session: Session, cluster: RayCluster, home: Path, say: Callable[[str], None]) -> None:
    """Lose the other node of a cluster with cables, each time while a device here is free."""
    session.cluster(cpu=2)
    for what, lost in WAYS:
        until(lambda: far_of(session), SECONDS)
        Training.begin(session, home, tasks=3, steps=100_000)
        until(lambda: [*statuses(session.state).values()] == ["running"] * 3, SECONDS)
        [far] = far_of(session)
        [name] = [name for name, nodes in where(session).items() if nodes[-1] == far]
        session.stop([next(other for other in where(session) if other != name)])
        until(lambda: "stopped" in statuses(session.state).values(), SECONDS)
        before = len(where(session)[name])
        broken = time.monotonic()
        lost(cluster.nodes[1])

        def goes_on(name: str = name, before: int = before) -> bool:
            task = task_of(session, name)
            last = task["attempts"][-1]
            is_begun = len(task["attempts"]) > before and "startedAt" in last
            return is_begun and task["progress"]["step"] > last["fromStep"]

        until(goes_on, SECONDS)
        took = time.monotonic() - broken
        say(f"a node is lost as {what}: its task makes its next step {took:.1f} s later")
        if lost is RayNode.cut:
            cluster.nodes[1].mend()
        session.stop()
        until(lambda: "running" not in statuses(session.state).values(), SECONDS)
        until(lambda: "stopping" not in statuses(session.state).values(), SECONDS)
        session.remove([*where(session)], yes=True)
