"""A real Ray cluster whose other node does not share the session's folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from jupyterlab_saturn import Session
from nightly import nightly
from ray_cluster import RayCluster, RayNode, may_use_namespaces
from ray_scene import (
    ALONE,
    SECONDS,
    Training,
    checkpoint_of,
    far_of,
    gated,
    opened,
    require_whole,
    task_of,
    where,
)
from stage import named
from test_story import lines
from waiting import until

pytest.importorskip("ray")
pytestmark = [
    nightly,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not may_use_namespaces(), reason="needs nodes that see other folders"),
]

BALLAST = 40_000_000
"""Numbers of four bytes, so that a checkpoint is on its way for a while."""


def apart(cluster: RayCluster, home: Path) -> RayNode:
    """One more node, which sees nothing of the session's folder."""
    home.mkdir(exist_ok=True)
    return cluster.start(before=f"mount -t tmpfs none {home}")


def trains_on(session: Session, node: str) -> str:
    """The task that has trained on a node alone."""
    [name] = [name for name, nodes in where(session).items() if nodes == [node]]
    return name


def test_nodes_that_do_not_share_the_folder_train_as_others(own: RayCluster, home: Path) -> None:
    node = apart(own, home)
    gate = home.with_name("gate")  # which both see
    with opened(own, home) as session:
        text = session.cluster(cpu=1, ray=own.address).text
        assert "travel through Ray's connection" in text
        training = Training.begin(session, gate.parent, tasks=2)
        [far] = far_of(session)
        name = trains_on(session, far)
        until(lambda: checkpoint_of(session, name) > 0, SECONDS)
        saved = checkpoint_of(session, name)
        # What is lost with its hands goes on from what had arrived.
        assert node.kill("ray::Hands") == 1
        until(lambda: len(task_of(session, name)["attempts"]) > 1, SECONDS)
        assert task_of(session, name)["attempts"][1]["fromStep"] >= saved
        until(lambda: far_of(session), SECONDS)
        training.end()
        # What ends on the other node is here.
        session.add(lines, {"lr": [0.01, 0.02], "steps": 300, "pause": 0.02})
        session.run(exclude=ALONE)
        require_whole(session)
        ended = [name for name, nodes in where(session).items() if nodes[-1] == far]
        assert ended
        for name in ended:
            assert session.paths.model(name).stat().st_size > 0
            assert (session.paths.checkpoints(name) / "final").is_dir()


def bridge(session: Session, _: RayNode) -> list[psutil.Process]:
    return named("-m jupyterlab_saturn.cluster", session)


def engine(session: Session, _: RayNode) -> list[psutil.Process]:
    return named("engine.mjs", session)


def far_agent(_: Session, node: RayNode) -> list[psutil.Process]:
    return node.processes("jupyterlab_saturn.agent")


@pytest.mark.parametrize("victims", [bridge, engine, far_agent])
def test_who_carries_dies_midway(
    own: RayCluster,
    home: Path,
    victims: Callable[[Session, RayNode], list[psutil.Process]],
) -> None:
    node = apart(own, home)
    with opened(own, home) as session:
        session.cluster(cpu=1, ray=own.address)
        training = Training.begin(session, home.parent, tasks=2, steps=200, ballast=BALLAST)
        name = trains_on(session, far_of(session)[0])
        training.gate.touch()
        until(lambda: any(file.stat().st_size for file in arriving(session)), SECONDS)
        for victim in victims(session, node):
            victim.kill()
        training.end()
        there = [row["loss"] for row in session.results()]
        assert session.paths.model(name).stat().st_size > 4 * BALLAST
        until(lambda: not arriving(session), SECONDS)
        session.leave_cluster()
        assert not list((node.folder / "state").rglob("elsewhere/*/*"))
    with opened(own, home.with_name("alone")) as session:
        session.add(gated, {"lr": [0.1, 0.09], "steps": 200})
        session.run(exclude=ALONE)
        require_whole(session)
        assert there == pytest.approx([row["loss"] for row in session.results()], rel=1e-5)


def arriving(session: Session) -> list[Path]:
    """What has come of files that are not whole yet."""
    return [*session.paths.nodes.rglob("arriving/*/*.part")]
