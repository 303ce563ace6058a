"""Sessions on real Ray clusters: real agents, bridge, hands, engine, planner and ranks."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from jupyterlab_saturn import Session
from jupyterlab_saturn.errors import Json, SaturnError
from nightly import nightly
from ray_cluster import HeadLauncher, RayCluster, may_use_namespaces
from stage import named, processes
from test_story import lines, statuses
from waiting import until

pytest.importorskip("ray")
pytestmark = pytest.mark.timeout(600)

ALONE = ["ddp", "fsdp", "offload", "pipeline", "tensor"]
SECONDS = 120.0
needs_cables = pytest.mark.skipif(not may_use_namespaces(), reason="needs network namespaces")


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    """A head and another node, of all tests that leave both as they are."""
    with RayCluster() as made:
        made.start()
        made.start()
        yield made


@pytest.fixture
def own() -> Iterator[RayCluster]:
    """A cluster to break; it has a head alone at first."""
    with RayCluster() as made:
        made.start()
        yield made


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
    until(lambda: not ours(cluster, one))


def ours(cluster: RayCluster, session: Session) -> list[psutil.Process]:
    """What of us runs on the nodes of a cluster for a session: hands, agents, ranks."""
    folder = str(session.paths.folder)
    return [
        process
        for node in cluster.nodes
        for process in (*node.processes("ray::Hands"), *node.processes("jupyterlab_saturn"))
        if folder in process.cmdline() or (is_hands(process) and not is_of_another(process, folder))
    ]


def is_hands(process: psutil.Process) -> bool:
    return " ".join(process.cmdline()).startswith("ray::Hands")


def is_of_another(hands: psutil.Process, folder: str) -> bool:
    """Whether hands have an agent, of a session whose folder is another."""
    return any(folder not in agent.cmdline() for agent in hands.children())


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SATURN_IDLE_SECONDS", "600")
    # Set by those who run tests side by side: it looks like a secret, which stays on its node.
    monkeypatch.delenv("PYTEST_XDIST_TESTRUNUID", raising=False)
    return tmp_path / "saturn"


def nodes_of(session: Session) -> dict[str, str]:
    return {node["id"]: node["state"] for node in session.state.get("nodes", [])}


def far_of(session: Session) -> list[str]:
    """Ids of the nodes beside the session's own that can be used now."""
    own = {node["id"] for node in session.state.get("nodes", []) if node.get("isOwn")}
    nodes = session.state.get("cluster", {"nodes": []})["nodes"]
    return [node["id"] for node in nodes if node["id"] not in own]


def where(session: Session) -> dict[str, list[str]]:
    """Nodes on which each task has trained, in order."""
    return {
        task["spec"]["name"]: [attempt["node"] for attempt in task["attempts"]]
        for task in session.state["tasks"]
    }


def train(session: Session, *, steps: int = 600, tasks: int = 4) -> None:
    """Tasks of some seconds each, of which one trains on each node, a few steps in."""
    rates = [0.1 - number / 100 for number in range(tasks)]
    session.add(lines, {"lr": rates, "pause": 0.02, "steps": steps})
    session.run(exclude=ALONE)
    until(lambda: trained_now(session) >= {*far_of(session)} and far_of(session), SECONDS)


def trained_now(session: Session) -> set[str]:
    """Nodes on which a task has made steps that would be lost with it."""
    return {
        task["attempts"][-1]["node"]
        for task in session.state["tasks"]
        if task["status"] == "running" and task["progress"]["step"] > 20
    }


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
    with session.paths.journal.open(encoding="utf-8") as journal:
        return [json.loads(line)["event"] for line in journal]


def greetings(session: Session) -> int:
    """How often an agent of another node has said hello."""
    heard = [event for event in events(session) if event["kind"] == "agent-connected"]
    return sum(event["hello"].get("far", False) for event in heard)


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
def test_bridge_and_hands_die_and_training_goes_on(cluster: RayCluster, home: Path) -> None:
    with opened(cluster, home) as session:
        session.cluster(cpu=1, ray=cluster.address)
        train(session, tasks=2, steps=1000)
        [bridge] = named("jupyterlab_saturn.cluster", session)
        before = greetings(session)
        bridge.kill()
        # The next bridge may be there before anybody has missed the agent of the one before.
        until(lambda: greetings(session) > before, SECONDS)
        until(lambda: far_of(session) and len(trained_now(session)) == 2, SECONDS)
        assert cluster.nodes[1].kill("ray::Hands") == 1
        until(lambda: any(event["kind"] == "node-away" for event in events(session)), SECONDS)
        require_whole(session)


@nightly
def test_leaving_saves_what_trains_there(cluster: RayCluster, home: Path) -> None:
    with opened(cluster, home) as session:
        session.cluster(cpu=1, ray=cluster.address)
        train(session, tasks=2, steps=300)
        [far] = far_of(session)
        moved = [name for name, nodes in where(session).items() if nodes == [far]]
        assert len(moved) == 1
        session.leave_cluster()
        require_whole(session)
        for task in session.state["tasks"]:
            if task["spec"]["name"] in moved:
                assert task["attempts"][1]["fromStep"] > 20


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


@nightly
@needs_cables  # which need namespaces, as do nodes that see other folders
def test_nodes_that_do_not_share_the_folder_train_as_others(own: RayCluster, home: Path) -> None:
    home.mkdir(exist_ok=True)
    node = own.start(before=f"mount -t tmpfs none {home}")
    with opened(own, home) as session:
        text = session.cluster(cpu=1, ray=own.address).text
        assert "travel through Ray's connection" in text
        train(session, tasks=2, steps=2000)
        [far] = far_of(session)
        [name] = [name for name, nodes in where(session).items() if nodes == [far]]
        until(lambda: checkpoint_of(session, name) > 0, SECONDS)
        saved = checkpoint_of(session, name)
        # What is lost with its hands goes on from what had arrived.
        assert node.kill("ray::Hands") == 1
        until(lambda: len(task_of(session, name)["attempts"]) > 1, SECONDS)
        assert task_of(session, name)["attempts"][1]["fromStep"] >= saved
        until(lambda: far_of(session), SECONDS)
        require_whole(session)
        # What ends on the other node is here.
        session.add(lines, {"lr": [0.01, 0.02], "steps": 300, "pause": 0.02})
        session.run(exclude=ALONE)
        require_whole(session)
        ended = [name for name, nodes in where(session).items() if nodes[-1] == far]
        assert ended
        for name in ended:
            assert session.paths.model(name).stat().st_size > 0
            assert (session.paths.checkpoints(name) / "final").is_dir()


def task_of(session: Session, name: str) -> Json:
    """A task as the state has it."""
    [task] = [task for task in session.state["tasks"] if task["spec"]["name"] == name]
    return dict(task)


def checkpoint_of(session: Session, name: str) -> int:
    """Newest step that is saved of a task."""
    return int(task_of(session, name).get("checkpointStep", 0))


@nightly
def test_a_node_that_comes_midway_gets_work(own: RayCluster, home: Path) -> None:
    with opened(own, home) as session:
        session.cluster(cpu=1, ray=own.address)
        session.add(lines, {"lr": [0.1, 0.09, 0.08, 0.07], "pause": 0.02, "steps": 1500})
        session.run(exclude=ALONE)
        until(lambda: trained_now(session), SECONDS)
        own.start()
        until(lambda: len(trained_now(session)) == 2, SECONDS)
        require_whole(session)


@nightly
@pytest.mark.parametrize("victim", ["raylet", "ray::Hands", "jupyterlab_saturn.agent"])
def test_a_node_is_lost_and_its_task_goes_on_elsewhere(
    own: RayCluster, home: Path, victim: str
) -> None:
    node = own.start()
    with opened(own, home) as session:
        session.cluster(cpu=1, ray=own.address)
        train(session)
        [far] = far_of(session)
        assert node.kill(victim) >= 1
        until(lambda: nodes_of(session)[far] == "away", SECONDS)
        require_whole(session)
        lost = [
            attempt
            for task in session.state["tasks"]
            for attempt in task["attempts"]
            if attempt.get("outcome") == "lost"
        ]
        assert [attempt["node"] for attempt in lost] == [far]


@nightly
@needs_cables
def test_a_cable_is_cut_and_mended(own: RayCluster, home: Path) -> None:
    node = own.start()
    with opened(own, home) as session:
        session.cluster(cpu=1, ray=own.address)
        train(session, steps=2000)
        [far] = far_of(session)
        node.cut()
        until(lambda: nodes_of(session)[far] == "away" and not far_of(session), SECONDS)
        # What trained there has stopped by itself before another node goes on with it.
        assert not node.processes("jupyterlab_saturn.training.rank")
        node.mend()
        until(lambda: far_of(session), SECONDS)
        require_whole(session)


@nightly
def test_the_head_is_lost_and_what_is_left_trains_on(own: RayCluster, home: Path) -> None:
    own.start()
    with opened(own, home) as session:
        session.cluster(cpu=1, ray=own.address)
        train(session, steps=5000)
        assert own.head.kill("gcs_server") == 1
        until(lambda: session.state["bridge"]["state"] == "failed", 2 * SECONDS)
        assert session.state["bridge"]["joinedAt"] > 0
        until(lambda: not far_of(session), SECONDS)
        until(lambda: trained_now(session), SECONDS)
        session.stop()


@nightly
def test_the_agent_dies_and_the_bridge_comes_back(cluster: RayCluster, home: Path) -> None:
    with opened(cluster, home) as session:
        session.cluster(cpu=1, ray=cluster.address)
        train(session)
        for agent in named("-m jupyterlab_saturn.agent --detach", session):
            agent.kill()
        session.run(exclude=ALONE)
        until(lambda: far_of(session) and len(trained_now(session)) == 2, SECONDS)
        require_whole(session)


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
