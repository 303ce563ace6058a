"""The bridge and real hands with real agents of other nodes, in a cluster of this process."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fakes.bench import EngineEar, Json, assert_gone, living, session, task
from fakes.local_cluster import OWN, LocalCluster, RunningBridge, bridge, echo_command, far
from jupyterlab_saturn.cluster import reservations
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.files.node_folder import nodes_folder
from jupyterlab_saturn.paths import SessionPaths, engine_endpoint
from nightly import nightly
from waiting import until


@contextmanager
def scene(
    cluster: LocalCluster, request: Json | None = None
) -> Iterator[tuple[EngineEar, RunningBridge, SessionPaths, str]]:
    with session() as (paths, token), EngineEar(paths) as ear:
        with bridge(cluster, paths, request) as running:
            yield ear, running, paths, token
        assert_gone(token, "far_agent_main")
        assert list(paths.folder.rglob("proof-*")) == []
        # Of what was carried nothing is left on either side.
        assert list(nodes_folder().glob("*/*")) == []
        assert list(paths.folder.rglob("arriving")) == []


def nodes_of(running: RunningBridge) -> list[tuple[str, bool]]:
    """Of the newest report: each node, and whether it can be worked with."""
    report = until(lambda: running.reports and running.reports[-1])
    return [(node["id"], "error" not in node) for node in report["nodes"]]


def test_each_other_node_has_an_agent_of_its_own_name() -> None:
    with scene(LocalCluster(OWN, far(2), far(3, "other"))) as (ear, running, paths, _):
        hellos = [ear.hear("agent.hello")["body"] for _ in range(2)]
        assert {hello["node"]["id"] for hello in hellos} == {"host-222222", "other"}
        until(lambda: running.reports)
        assert nodes_of(running) == [("host-222222", True), ("other", True)]
        assert running.reports[-1]["address"] == "here:1"
        [early] = running.early
        assert early["state"] == "starting"
        assert [node["id"] for node in early["nodes"]] == ["host-222222", "other"]
        assert {path.name for path in (paths.folder / "nodes").iterdir()} == {
            "host-222222",
            "other",
        }


def test_frames_pass_once_and_in_order_although_answers_get_lost() -> None:
    cluster = LocalCluster(OWN, far(2), command=echo_command)
    cluster.unreliable = True
    frames = [f"{number}".encode() for number in range(300)]
    with scene(cluster) as (ear, _, _, _):
        assert ear.hear_raw() == b"hello"
        for frame in frames[:100]:
            ear.say_raw(frame)
        heard = [ear.hear_raw()]
        for frame in frames[100:]:
            ear.say_raw(frame)
        heard += [ear.hear_raw() for _ in frames[1:]]
    assert heard == frames


def test_a_socket_that_was_removed_is_made_anew() -> None:
    with scene(LocalCluster(OWN, far(2))) as (ear, _, paths, _):
        first = ear.hear("agent.hello")["body"]
        runtime = SessionPaths.of_folder(paths.folder, first["node"]["id"]).runtime
        socket = Path(engine_endpoint(runtime).removeprefix("ipc://"))
        socket.unlink()
        until(socket.exists)
        ear.hear("agent.ping")


def test_an_agent_that_dies_is_told_of_and_has_a_successor() -> None:
    with scene(LocalCluster(OWN, far(2))) as (ear, running, _, token):
        first = ear.hear("agent.hello")["body"]
        until(lambda: running.reports)
        [(pid, _)] = living(token, "far_agent_main")
        os.kill(pid, signal.SIGKILL)
        gone = ear.hear("agent.gone")["body"]
        assert gone["node"] == first["node"]["id"]
        assert gone["error"]["code"] == "agent-died"
        second = ear.hear("agent.hello")["body"]
        assert second["node"]["id"] == first["node"]["id"]
        assert second["instance"] != first["instance"]
        until(lambda: nodes_of(running) == [("host-222222", True)])


@pytest.mark.parametrize(
    "error", [SaturnError("bad-message", "A Failure is malformed."), RuntimeError("strange")]
)
def test_a_line_that_breaks_is_told_of_and_has_a_successor(error: Exception) -> None:
    cluster = LocalCluster(OWN, far(2))
    with scene(cluster) as (ear, running, _, _):
        ear.hear("agent.hello")
        until(lambda: running.reports)
        cluster.breaks.append(error)
        gone = ear.hear("agent.gone")["body"]
        assert gone["node"] == "host-222222"
        assert str(error).partition("\n")[0] in gone["error"]["message"]
        ear.hear("agent.hello")
        until(lambda: nodes_of(running) == [("host-222222", True)])


def test_nodes_come_and_go() -> None:
    cluster = LocalCluster(OWN)
    with scene(cluster) as (ear, running, _, _):
        until(lambda: running.reports)
        assert nodes_of(running) == []
        cluster.there.append(far(2))
        assert ear.hear("agent.hello")["body"]["node"]["id"] == "host-222222"
        cluster.there.remove(far(2))
        gone = ear.hear("agent.gone")["body"]
        assert (gone["node"], gone["error"]["code"]) == ("host-222222", "node-gone")
        until(lambda: nodes_of(running) == [])


def test_no_more_nodes_than_wanted() -> None:
    cluster = LocalCluster(OWN, far(2), far(3))
    with scene(cluster, {"nodes": 2}) as (ear, running, _, _):
        ear.hear("agent.hello")
        until(lambda: running.reports)
        assert nodes_of(running) == [("host-222222", True)]


def test_devices_that_were_asked_for() -> None:
    request = {"devices": {"kind": "cpu", "count": 2}}
    with scene(LocalCluster(OWN, far(2)), request) as (ear, _, _, _):
        assert len(ear.hear("agent.hello")["body"]["node"]["devices"]) == 2


@pytest.mark.parametrize(
    "change",
    [pytest.param({"proof": "proof-x"}, marks=nightly), {"folder": "/nowhere/else/test"}],
)
def test_a_node_that_does_not_share_the_folder_has_files_carried(change: Json) -> None:
    cluster = LocalCluster(OWN, far(2))
    cluster.changes = change
    payload = "0123456789abcdef.pkl"
    acts = "print hello; started 0; checkpoint 5; finished 10"
    with scene(cluster) as (ear, running, paths, _):
        ear.hear("agent.hello")
        until(lambda: running.reports)
        [node] = running.reports[-1]["nodes"]
        assert node["carries"] is True
        device = ear_devices(ear)
        ear.say("group.start", order_for(task("missing", ranks=acts), device))
        assert next_event(ear)["error"]["code"] == "no-payload"
        paths.payload(payload).write_bytes(b"a function")
        ear.say("group.start", order_for(task("t", ranks=acts), device))
        kinds = [next_event(ear)["kind"]]
        while kinds[-1] != "finished":
            kinds.append(next_event(ear)["kind"])
        assert kinds == ["started", "checkpoint", "finished"]
        assert (paths.attempt("t", 1) / "rank0.log").read_text() == "hello\n"
        assert {path.name for path in paths.claims("t").iterdir()} == {"1", "1-from-0"}
        late = {**order_for(task("t", ranks=acts), device), "attempt": 1}
        (paths.claims("t") / "2").touch()
        ear.say("group.start", late)
        assert next_event(ear)["error"]["code"] == "late-commit"
        assert [*nodes_folder().rglob("*.pkl")]


def next_event(ear: EngineEar) -> Json:
    """What is heard of an attempt, while pings are answered as an engine does."""
    while (told := ear.hear("agent.ping", "group.event"))["type"] == "agent.ping":
        ear.acknowledge(told)
    ear.acknowledge(told)
    body: Json = told["body"]
    return body


def ear_devices(ear: EngineEar) -> str:
    """Id of the device of whoever spoke last."""
    ear.say("cluster.set", {"request": {"kind": "cpu", "count": 1}})
    report = ear.hear("cluster.report")["body"]
    return str(report["node"]["devices"][0]["id"])


def order_for(spec: Json, device: str) -> Json:
    return {
        "task": spec,
        "attempt": 1,
        "steps": 10,
        "strategy": {"technique": "single", "devices": 1},
        "devices": [device],
        "checkpointSeconds": 60,
    }


class Half(LocalCluster):
    """A cluster with a node of other versions."""

    async def hands(self, node):  # type: ignore[no-untyped-def]
        if node.host == "old":
            raise SaturnError("other-versions", "It is old.")
        return await super().hands(node)


def test_a_node_that_cannot_be_worked_with_beside_one_that_can() -> None:
    with scene(Half(OWN, far(2), far(3, "old"))) as (ear, running, _, _):
        ear.hear("agent.hello")
        until(lambda: running.reports)
        assert nodes_of(running) == [("host-222222", True), ("old", False)]
        assert running.reports[-1]["nodes"][1]["error"]["code"] == "other-versions"
        assert running.errors == []


def test_a_node_that_cannot_be_worked_with_takes_no_others_place() -> None:
    nodes = OWN, far(3, "old"), far(2), far(4)
    with scene(Half(*nodes), {"nodes": 2}) as (ear, running, _, _):
        ear.hear("agent.hello")
        until(lambda: running.reports)
        assert nodes_of(running) == [("old", False), ("host-222222", True)]
        assert running.errors == []


def reserved(running: RunningBridge) -> bool | None:
    """Whether the far node is reserved, as was told last."""
    [node] = running.reports[-1]["nodes"]
    return node.get("reserved")


def test_nodes_are_reserved_while_there_is_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reservations, "_PATIENCE_SECONDS", 0.3)
    # A default is read when its function is made.
    monkeypatch.setattr(reservations.Reservations.__init__, "__defaults__", (0.3,))
    cluster = LocalCluster(OWN, far(2))
    cluster.taken = {far(2).key}
    with scene(cluster, {"reserve": True}) as (ear, running, _, _):
        ear.hear("agent.hello")
        until(lambda: running.reports)
        assert (reserved(running), cluster.reserved) == (None, set())
        running.reserve(True)
        until(lambda: reserved(running) is False)
        assert cluster.reserved == {OWN.key}
        cluster.taken = set()
        until(lambda: reserved(running))
        assert cluster.reserved == {OWN.key, far(2).key}
        running.reserve(False)
        until(lambda: reserved(running) is None)
        assert cluster.reserved == set()
        running.reserve(True)
        until(lambda: reserved(running))
    assert cluster.reserved == set()


def test_nodes_are_reserved_on_request_alone() -> None:
    cluster = LocalCluster(OWN, far(2))
    with scene(cluster) as (ear, running, _, _):
        ear.hear("agent.hello")
        running.reserve(True)
        until(lambda: running.reports)
        assert (reserved(running), cluster.reserved) == (None, set())
