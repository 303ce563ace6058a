"""The groups in which GPUs meet."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
import torch
import torch.distributed as dist
from jupyterlab_saturn.training.runtime.preparation import root_first
from jupyterlab_saturn.training.runtime.process_group import ProcessGroup
from jupyterlab_saturn.training.runtime.rank_defaults import NOT_MEETING, TELLING, meeting
from torch.testing._internal.distributed.fake_pg import FakeStore

GPU = torch.device("cuda", 1)


@pytest.fixture
def met(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What process groups were made with."""
    calls: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(dist, "init_process_group", lambda b, **kw: calls.append((b, kw)))
    monkeypatch.setattr(dist.distributed_c10d, "_get_default_group", MagicMock())
    for name in (*meeting(), *NOT_MEETING, *TELLING):
        monkeypatch.setenv(name, "x")
        monkeypatch.delenv(name)
    helper = dist.distributed_c10d._new_process_group_helper
    monkeypatch.setattr(dist.distributed_c10d, "_new_process_group_helper", helper)
    return calls


def test_gpus_meet_by_nccl_and_each_is_bound_to_its_rank(met: Any, tmp_path: Path) -> None:
    ProcessGroup.join(1, 2, GPU, tmp_path / "meet")
    ((backend, options),) = met
    assert backend == "cpu:gloo,cuda:nccl"
    assert options["device_id"] == GPU


def test_ranks_on_one_gpu_meet_by_gloo(met: Any, tmp_path: Path) -> None:
    ProcessGroup.join(1, 2, GPU, tmp_path / "meet", shares_device=True)
    ((backend, options),) = met
    assert backend == "cpu:gloo,cuda:gloo"
    assert options["device_id"] is None


def test_what_one_does_alone_is_waited_for_at_the_store_too(met: Any, tmp_path: Path) -> None:
    ProcessGroup.join(0, 2, GPU, tmp_path / "meet", patience=4000.0)
    ((_, options),) = met
    assert options["store"].timeout == options["timeout"] == timedelta(seconds=4000)


def test_they_find_each_other_without_the_network(met: Any, tmp_path: Path) -> None:
    ProcessGroup.join(0, 2, GPU, tmp_path / "meet")
    assert os.environ["NCCL_SOCKET_IFNAME"] == "=lo"  # not all that begin so


def test_where_they_find_each_other_is_not_for_the_environment_to_say(
    met: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NCCL_SOCKET_IFNAME", "GLOO_SOCKET_IFNAME", "GLOO_DEVICE_TRANSPORT"):
        monkeypatch.setenv(name, "eth0")
    monkeypatch.setenv("NCCL_COMM_ID", "10.0.0.1:4711")
    monkeypatch.setenv("NCCL_DEBUG", "INFO")
    monkeypatch.setenv("NCCL_RAS_ENABLE", "1")
    ProcessGroup.join(0, 2, GPU, tmp_path / "meet")
    assert os.environ["NCCL_SOCKET_IFNAME"] == "=lo"
    assert os.environ["GLOO_SOCKET_IFNAME"] == "lo"
    assert os.environ["GLOO_DEVICE_TRANSPORT"] == "TCP"
    assert os.environ["NCCL_RAS_ENABLE"] == "0"
    assert "NCCL_COMM_ID" not in os.environ
    assert os.environ["NCCL_DEBUG"] == "INFO"


@pytest.fixture
def of_eight() -> Iterator[ProcessGroup]:
    """Rank 5 of 8, whose group does nothing."""
    dist.init_process_group("fake", store=FakeStore(), rank=5, world_size=8)
    yield ProcessGroup(5, 8, patience=7.0)
    dist.destroy_process_group()


def test_parts_of_a_mesh_wait_as_long_as_all(
    of_eight: ProcessGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[list[int], timedelta]] = []
    real = dist.new_group

    def watched(ranks: list[int], timeout: timedelta) -> Any:
        made.append((ranks, timeout))
        return real(ranks, timeout=timeout)

    monkeypatch.setattr(dist, "new_group", watched)
    monkeypatch.setattr(dist, "split_group", None)
    mesh = of_eight.mesh(torch.device("cpu"), replicate=2, shard=4)
    assert {timeout for _, timeout in made} == {timedelta(seconds=7)}
    lines = [[0, 4], [1, 5], [2, 6], [3, 7], [0, 1, 2, 3], [4, 5, 6, 7]]
    assert [ranks for ranks, _ in made] == lines
    assert dist.get_process_group_ranks(mesh.get_group("replicate")) == [1, 5]
    assert dist.get_process_group_ranks(mesh["shard"].get_group()) == [4, 5, 6, 7]
    assert mesh.mesh_dim_names == ("replicate", "shard")


def test_a_mesh_of_one_line_is_the_world(of_eight: ProcessGroup) -> None:
    mesh = of_eight.mesh(torch.device("cpu"), shard=8)
    assert mesh.get_group() is dist.group.WORLD
    assert mesh.get_local_rank("shard") == 5


def test_a_mesh_is_of_all_ranks(of_eight: ProcessGroup) -> None:
    with pytest.raises(ValueError, match="all 8 ranks"):
        of_eight.mesh(torch.device("cpu"), shard=4)


@pytest.mark.parametrize("rank", [0, 1])
def test_what_the_first_rank_does_is_no_collective(rank: int) -> None:
    """A rank that builds its task twice does not wait twice."""
    store = dist.HashStore()  # type: ignore[attr-defined]
    dist.init_process_group("fake", store=store, rank=rank, world_size=2)
    did: list[str] = []
    try:
        if rank == 1:
            dist.distributed_c10d._get_default_store().set("done/data", "")
        for _ in range(2):
            root_first(lambda: did.append("done"), "data")
    finally:
        dist.destroy_process_group()
    assert did == ["done"] * 2 * (1 - rank)
