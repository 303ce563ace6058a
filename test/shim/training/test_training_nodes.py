"""A group whose ranks are on several nodes: it learns what one rank does, and stops as one."""

from __future__ import annotations

import json
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cloudpickle
import pytest
import torch
from jupyterlab_saturn.errors import Json, SaturnError
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.runtime.node_meeting import interface_of
from nightly import nightly
from ranks import Group, Session, finish
from training_tasks import mlp

cloudpickle.register_pickle_by_value(sys.modules[__name__])

BOUND = 1e-5


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


@pytest.fixture(scope="module")
def alone(session: Session) -> tuple[list[float], dict[str, torch.Tensor]]:
    """Losses and weights of a run on one device."""
    spec = session.spec(mlp, "alone")
    finish(session.train(spec, "single"))
    return session.curve(spec, "loss"), session.weights(spec)


def assert_equal(session: Session, spec: Json, alone: tuple[list[float], Any]) -> None:
    """A task was trained as one rank trains it."""
    losses, weights = alone
    assert session.curve(spec, "loss") == pytest.approx(losses, rel=BOUND)
    found = session.weights(spec)
    assert list(found) == list(weights)
    for name, tensor in weights.items():
        torch.testing.assert_close(found[name], tensor, rtol=BOUND, atol=BOUND)


def leave(parts: list[Group]) -> list[list[int]]:
    """The exit codes of all ranks, by part."""
    return [part.wait() for part in parts]


@pytest.mark.parametrize(
    ("technique", "world"),
    [
        ("ddp", 2),
        ("fsdp", 2),
        pytest.param("ddp", 4, marks=nightly),
        pytest.param("fsdp", 4, marks=nightly),
    ],
)
def test_a_group_over_two_nodes_learns_what_one_rank_does(
    session: Session, alone: tuple[list[float], Any], technique: str, world: int
) -> None:
    spec = session.spec(mlp, f"{technique}-{world}")
    first, second = session.train_across(spec, technique, world)
    assert leave([first, second]) == [[0] * (world // 2)] * 2, first.log + second.log
    # One speaks for all.
    assert len(first.of("finished")) == 1
    assert second.events == []
    assert_equal(session, spec, alone)


def test_a_group_that_stops_goes_on_over_other_nodes_and_on_one(
    session: Session, alone: tuple[list[float], Any]
) -> None:
    spec = session.spec(mlp, "stopped")
    assert leave(session.train_across(spec, "fsdp", 2, until=4)) == [[0], [0]]
    manifest = json.loads(
        (session.paths.checkpoints("stopped") / "step-000000004-1" / "manifest.json").read_text()
    )
    assert {name.split("_")[2] for name in manifest["files"] if "distcp" in name} == {"0", "1"}
    assert leave(session.train_across(spec, "ddp", 2, attempt=2, until=8)) == [[0], [0]]
    finish(session.train(spec, "single", attempt=3))
    assert_equal(session, spec, alone)


def test_a_stop_that_one_part_hears_saves_and_ends_both(session: Session) -> None:
    spec = session.spec(mlp, "asked", script=str(session.script))
    session.script.write_text(json.dumps({"wait": 3}))
    first, second = session.train_across(spec, "ddp", 2, steps=4000, until=4000)
    first.until("step")
    second.signal(signal.SIGTERM)
    assert leave([first, second]) == [[0], [0]], first.log + second.log
    (stopped,) = first.of("stopped")
    (saved,) = first.of("checkpoint")
    assert 0 < stopped["step"] == saved["step"] < 4000


def test_a_part_that_is_killed_takes_the_other_along(session: Session) -> None:
    spec = session.spec(mlp, "killed")
    first, second = session.train_across(spec, "ddp", 2, steps=4000)
    first.until("step")
    second.signal(signal.SIGKILL)
    assert second.wait() == [-signal.SIGKILL]
    assert first.wait() == [3], first.log  # nothing to report but that a peer is lost


def fetched(record: str, on_each_node: bool) -> Task:
    """`mlp` with something that is done before it is built, where it notes the ranks."""
    from pathlib import Path

    import torch.distributed as dist
    from jupyterlab_saturn.training.runtime.preparation import root_first

    def fetch() -> None:
        rank = dist.get_rank() if dist.is_initialized() else 0
        with Path(record).open("a") as file:
            file.write(f"{rank}\n")

    root_first(fetch, "data", on_each_node=on_each_node)
    return mlp()


@pytest.mark.parametrize(("on_each_node", "ranks"), [(True, ["0", "2"]), (False, ["0"])])
def test_what_is_done_first_is_done_once_or_on_each_node(
    session: Session, tmp_path: Path, on_each_node: bool, ranks: list[str]
) -> None:
    record = tmp_path / "fetched"
    spec = session.spec(
        fetched, f"fetched-{on_each_node}", record=str(record), on_each_node=on_each_node
    )
    parts = session.train_across(spec, "ddp", 4)
    assert leave(parts) == [[0, 0], [0, 0]], parts[0].log + parts[1].log
    assert record.read_text().split() == ranks


def test_the_store_is_open_at_one_address_only(session: Session) -> None:
    spec = session.spec(mlp, "heard", batch_size=8)
    first = session.start_part(session.train_job(spec, "ddp", 2), 0)
    meeting = first.until("meets")["meeting"]
    with socket.create_connection((meeting["host"], meeting["port"])):
        pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", meeting["port"]))
    first.signal(signal.SIGKILL)
    assert first.wait() == [-signal.SIGKILL]


def test_an_address_that_is_not_the_nodes_is_refused(session: Session) -> None:
    spec = session.spec(mlp, "elsewhere")
    first = session.start_part(session.train_job(spec, "ddp", 2), 0, address="192.0.2.7")
    assert first.wait() == [1]
    assert first.of("failed")[0]["error"]["code"] == "no-interface"


def test_the_interface_of_an_address_is_found() -> None:
    assert interface_of("127.0.0.1") == "lo"
    with pytest.raises(SaturnError, match=r"192\.0\.2\.7"):
        interface_of("192.0.2.7")
