"""Sessions join real Ray clusters, and train there: real agents, bridge, hands, engine, planner."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from jupyterlab_saturn.errors import SaturnError
from nightly import nightly
from ray_cluster import RayCluster
from ray_scene import (
    ALONE,
    SECONDS,
    Training,
    far_of,
    nodes_of,
    opened,
    require_whole,
    trained_now,
    where,
)
from test_story import lines
from waiting import until

pytest.importorskip("ray")
pytestmark = pytest.mark.timeout(600)


def test_two_nodes_train_what_one_would(cluster: RayCluster, home: Path, tmp_path: Path) -> None:
    rates = [0.1, 0.05, 0.02, 0.01]
    with opened(cluster, home) as session:
        text = session.cluster(cpu=1, ray=cluster.address).text
        assert "2 devices on 2 nodes" in text
        [far] = far_of(session)
        session.add(lines, {"lr": rates, "pause": 0.01, "steps": 120})
        session.run(exclude=ALONE)
        session.wait(check=True)
        assert far in {node for nodes in where(session).values() for node in nodes}
        both = {row["task"]: row["loss"] for row in session.results()}
        # Asked for again, nothing happens; another is refused.
        session.cluster(cpu=1, ray=cluster.address)
        with pytest.raises(SaturnError) as refused:
            session.cluster(ray=cluster.address, nodes=1)
        assert refused.value.code == "other-cluster"
        session.leave_cluster()
        assert "bridge" not in session.state
        assert [*nodes_of(session).values()] == ["connected"]
        until(lambda: not cluster.nodes[1].processes("jupyterlab_saturn"))
        assert session.state["notices"] == []
        session.leave_cluster()  # nothing to leave
    with opened(cluster, tmp_path / "alone") as session:
        session.add(lines, {"lr": rates, "pause": 0.01, "steps": 120})
        session.run(exclude=ALONE)
        session.wait(check=True)
        alone = {row["task"]: row["loss"] for row in session.results()}
    assert both == pytest.approx(alone, rel=1e-5)


@nightly
def test_leaving_saves_what_trains_there(cluster: RayCluster, home: Path) -> None:
    with opened(cluster, home) as session:
        session.cluster(cpu=1, ray=cluster.address)
        training = Training.begin(session, home, tasks=2)
        [far] = far_of(session)
        [moved] = [name for name, nodes in where(session).items() if nodes == [far]]
        session.leave_cluster()
        training.end()
        for task in session.state["tasks"]:
            if task["spec"]["name"] == moved:
                assert task["attempts"][1]["fromStep"] > 20


@nightly
def test_a_node_that_comes_midway_gets_work(own: RayCluster, home: Path) -> None:
    with opened(own, home) as session:
        session.cluster(cpu=1, ray=own.address)
        training = Training.begin(session, home)
        own.start()
        until(lambda: len(trained_now(session)) == 2, SECONDS)
        training.end()


@nightly
def test_two_sessions_on_one_cluster(cluster: RayCluster, home: Path) -> None:
    with opened(cluster, home, "one") as one, opened(cluster, home, "two") as two:
        one.cluster(cpu=1, ray=cluster.address)
        two.cluster(cpu=1, ray=cluster.address)
        for session in (one, two):
            session.add(lines, {"lr": [0.1, 0.05], "steps": 60})
            session.run(exclude=ALONE)
        for session in (one, two):
            require_whole(session)


def refusal(
    cluster: RayCluster, home: Path, variables: dict[str, str], address: str | None = None
) -> str:
    """Code of the error for which a bridge on the head does not come to be."""
    folder = home / "story"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith("RAY_")
    } | {"PYTHONPATH": os.pathsep.join(sys.path), "HOME": str(home), **variables}
    task = {
        "own": "own",
        "endpoint": f"ipc://{folder}/engine.sock",
        "request": {"ray": {"address": address or cluster.address}},
        "reserve": False,
    }
    command = [sys.executable, "-P", "-m", "jupyterlab_saturn.cluster", str(folder)]
    with subprocess.Popen(
        cluster.head.command(command),
        env=environment,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as bridge:
        assert bridge.stdin is not None and bridge.stdout is not None
        bridge.stdin.write(json.dumps(task) + "\n")
        bridge.stdin.flush()
        told = json.loads(bridge.stdout.readline())
    return str(told["error"]["code"]) if "error" in told else str(told["state"])


def test_who_is_not_let_in_learns_why(cluster: RayCluster, home: Path) -> None:
    wrong = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0" * 64}
    assert refusal(cluster, home, wrong) == "bad-token"
    assert refusal(cluster, home, {}) == "bad-token"
    assert refusal(cluster, home, {"RAY_AUTH_MODE": "disabled"}) == "bad-token"
    assert refusal(cluster, home, cluster.access, f"{cluster.head.address}:1") == "no-such-cluster"
    assert refusal(cluster, home, cluster.access, "ray://head") == "bad-address"


@nightly
def test_an_open_cluster_is_joined_by_those_who_say_so_alone(home: Path) -> None:
    with RayCluster(token=False) as cluster:
        cluster.start()
        with opened(cluster, home) as session:
            with pytest.raises(SaturnError) as refused:
                session.cluster(ray=cluster.address)
            assert refused.value.code == "open-cluster"
            assert "--open" in (refused.value.hint or "")
            assert session.state["bridge"]["state"] == "failed"
            session.cluster(ray=cluster.address, open=True)
            assert session.state["bridge"]["state"] == "connected"
            assert far_of(session) == []


@nightly
def test_nodes_that_cannot_be_worked_with_say_why(
    own: RayCluster, home: Path, tmp_path: Path
) -> None:
    old = tmp_path / "old" / "jupyterlab_saturn"
    old.mkdir(parents=True)
    (old / "__init__.py").write_text('__version__ = "0.0.1"\n')
    node = own.start(PYTHONPATH=str(old.parent))
    with opened(own, home) as session:
        with pytest.raises(SaturnError) as refused:
            session.cluster(ray=own.address)
        assert refused.value.code == "other-versions"
        assert "0.0.1" in refused.value.message
        node.end()
