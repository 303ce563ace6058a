"""What is lost of a real Ray cluster while tasks train: all goes on, and nothing is done twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from jupyterlab_saturn import Session
from nightly import nightly
from ray_cluster import RayCluster, may_use_namespaces
from ray_scene import (
    ALONE,
    SECONDS,
    Training,
    events,
    far_of,
    greetings,
    nodes_of,
    opened,
    trained_now,
)
from stage import named
from waiting import until

pytest.importorskip("ray")
pytestmark = [nightly, pytest.mark.timeout(900)]

needs_cables = pytest.mark.skipif(not may_use_namespaces(), reason="needs network namespaces")


def test_bridge_and_hands_die_and_training_goes_on(cluster: RayCluster, home: Path) -> None:
    with opened(cluster, home) as session:
        session.cluster(cpu=1, ray=cluster.address)
        training = Training.begin(session, home, tasks=2)
        [bridge] = named("jupyterlab_saturn.cluster", session)
        before = greetings(session)
        bridge.kill()
        # The next bridge may be there before anybody has missed the agent of the one before.
        until(lambda: greetings(session) > before, SECONDS)
        until(lambda: far_of(session) and len(trained_now(session)) == 2, SECONDS)
        lost = losses(session)
        assert cluster.nodes[1].kill("ray::Hands") == 1
        until(lambda: losses(session) > lost, SECONDS)
        training.end()


def losses(session: Session) -> int:
    """How often a node was lost."""
    return sum(event["kind"] == "node-away" for event in events(session))


@pytest.mark.parametrize("victim", ["raylet", "ray::Hands", "jupyterlab_saturn.agent"])
def test_a_node_is_lost_and_its_task_goes_on_elsewhere(
    own: RayCluster, home: Path, victim: str
) -> None:
    node = own.start()
    with opened(own, home) as session:
        session.cluster(cpu=1, ray=own.address)
        training = Training.begin(session, home)
        [far] = far_of(session)
        assert node.kill(victim) >= 1
        until(lambda: nodes_of(session)[far] == "away", SECONDS)
        training.end()
        lost = [
            attempt
            for task in session.state["tasks"]
            for attempt in task["attempts"]
            if attempt.get("outcome") == "lost"
        ]
        assert [attempt["node"] for attempt in lost] == [far]


@needs_cables
def test_a_cable_is_cut_and_mended(own: RayCluster, home: Path) -> None:
    node = own.start()
    with opened(own, home) as session:
        session.cluster(cpu=1, ray=own.address)
        training = Training.begin(session, home)
        [far] = far_of(session)
        node.cut()
        until(lambda: nodes_of(session)[far] == "away" and not far_of(session), SECONDS)
        # What trained there has stopped by itself before another node goes on with it.
        assert not node.processes("jupyterlab_saturn.training.rank")
        node.mend()
        until(lambda: far_of(session), SECONDS)
        training.end()


def test_the_head_is_lost_and_what_is_left_trains_on(own: RayCluster, home: Path) -> None:
    own.start()
    with opened(own, home) as session:
        session.cluster(cpu=1, ray=own.address)
        training = Training.begin(session, home)
        assert own.head.kill("gcs_server") == 1
        until(lambda: session.state["bridge"]["state"] == "failed", 2 * SECONDS)
        assert session.state["bridge"]["joinedAt"] > 0
        until(lambda: not far_of(session), SECONDS)
        until(lambda: trained_now(session), SECONDS)
        training.end()


def test_the_agent_dies_and_the_bridge_comes_back(cluster: RayCluster, home: Path) -> None:
    with opened(cluster, home) as session:
        session.cluster(cpu=1, ray=cluster.address)
        training = Training.begin(session, home)
        for agent in named("-m jupyterlab_saturn.agent --detach", session):
            agent.kill()
        session.run(exclude=ALONE)
        until(lambda: far_of(session) and len(trained_now(session)) == 2, SECONDS)
        training.end()
