"""GPUs that others use, too: what they hold is told, and no task is blamed for it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import psutil
import pytest
import torch
from fake_cuda import FakeCuda, fake_cuda
from fake_driver import LOST, MISMATCH, Card, FakeDriver, Process
from jupyterlab_saturn import wire
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.training import rank
from jupyterlab_saturn.training.inspect import inspection
from jupyterlab_saturn.training.run.cell_measurement import CellMeasurement
from jupyterlab_saturn.training.runtime import device as device_module
from jupyterlab_saturn.training.runtime import foreign_memory
from jupyterlab_saturn.training.runtime.device import RankDevice, claim
from jupyterlab_saturn.training.runtime.failure import describe
from jupyterlab_saturn.training.runtime.process_group import ProcessGroup

GB = 10**9
MIB_OF_6_GB = 5722
OUT_OF_MEMORY = "CUDA out of memory. Tried to allocate {} GiB. GPU 0 has a total capacity of 80 GB."


def card(number: int = 0) -> Card:
    return Card().numbered(number)


def wire_devices(count: int = 1) -> Any:
    return [
        {
            "id": f"cuda{n}",
            "kind": "cuda",
            "uuid": card(n).uuid,
            "name": "H100",
            "memoryBytes": 80 * GB,
        }
        for n in range(count)
    ]


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[], float]:
    """Time passes only where somebody sleeps."""
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    times = SimpleNamespace(monotonic=lambda: now[0], sleep=sleep)
    monkeypatch.setattr(foreign_memory, "time", times)
    return lambda: now[0]


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Says which processes compute on the first GPU: pid, name, MiB."""

    def install(*processes: tuple[int, str, int | str]) -> None:
        apps = tuple(Process(pid, name, used) for pid, name, used in processes)
        first = Card(uuid=card().uuid, processes=apps)
        FakeDriver(cards=(first, card(1))).install(tmp_path / "bin", monkeypatch)

    install()
    return install


def own() -> tuple[int, str, int]:
    return (os.getpid(), "python", 500)


def test_a_gpu_of_ones_own_is_not_waited_for(clock: Callable[[], float], driver: Any) -> None:
    with fake_cuda(1, memory_bytes=80 * GB, free_bytes=79 * GB):
        device = claim(wire_devices(), 0)
        assert device.foreign_bytes() == 0
    assert clock() == 0


def test_memory_of_a_job_before_is_waited_for(
    clock: Callable[[], float], driver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_cuda(1, memory_bytes=80 * GB) as gpus:

        def sleep(seconds: float) -> None:
            gpus.free_bytes[0] += 10 * GB

        gpus.free_bytes[0] = 40 * GB
        monkeypatch.setattr(foreign_memory.time, "sleep", sleep)
        assert claim(wire_devices(), 0).foreign_bytes() == 0
        assert gpus.free_bytes[0] == 80 * GB


def test_what_stays_after_ten_seconds_is_foreign(clock: Callable[[], float], driver: Any) -> None:
    with fake_cuda(1, memory_bytes=80 * GB, free_bytes=60 * GB):
        assert claim(wire_devices(), 0).foreign_bytes() == 20 * GB
    assert 10 <= clock() < 11


def full(_device: Any = None) -> None:
    raise torch.OutOfMemoryError("CUDA error: out of memory")


def test_a_gpu_without_room_to_begin_is_no_fault_of_a_task(
    clock: Callable[[], float], driver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_cuda(1, memory_bytes=80 * GB) as gpus:
        monkeypatch.setattr(torch.cuda, "set_device", full)
        with pytest.raises(SaturnError) as caught:
            claim(wire_devices(), 0)
        assert describe(caught.value, "training-failed")["code"] == "device-shared"
        assert 10 <= clock() < 11

        def sleep(_seconds: float) -> None:
            monkeypatch.setattr(torch.cuda, "set_device", gpus.choose)

        monkeypatch.setattr(foreign_memory.time, "sleep", sleep)
        assert claim(wire_devices(), 0).foreign_bytes() == 0


def test_other_errors_of_cuda_are_told_at_once(
    clock: Callable[[], float], driver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_device: Any) -> None:
        raise RuntimeError("CUDA error: uncorrectable ECC error encountered")

    with fake_cuda(1):
        monkeypatch.setattr(torch.cuda, "set_device", broken)
        with pytest.raises(RuntimeError, match="ECC"):
            claim(wire_devices(), 0)
    assert clock() == 0


def test_the_machines_own_memory_is_nobodys(driver: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_cuda(1, memory_bytes=80 * GB, free_bytes=20 * GB):
        whole = SimpleNamespace(is_integrated=True, total_memory=80 * GB)
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda *_: whole)
        assert claim(wire_devices(), 0).foreign_bytes() == 0


def test_those_who_come_later_are_seen_by_the_driver(driver: Any) -> None:
    with fake_cuda(1, memory_bytes=80 * GB):
        device = claim(wire_devices(), 0)
        driver(own(), (4711, "/usr/bin/python3.11", 20_000))
        assert device.foreign_bytes() == 20_000 * 1024 * 1024


def test_process_numbers_of_a_host_are_not_taken_for_others(driver: Any) -> None:
    """In a container the driver may list this very process under another number."""
    with fake_cuda(1, memory_bytes=80 * GB):
        device = claim(wire_devices(), 0)
        driver((4711, "python", 70_000))
        assert device.foreign_bytes() == 0


def shared(
    gpus: FakeCuda, text: str = OUT_OF_MEMORY.format(20), allocated: int = 30 * GB
) -> BaseException:
    device = claim(wire_devices(), 0)
    gpus.allocated_bytes = allocated
    return device.blame(torch.OutOfMemoryError(text))


def test_a_task_is_not_blamed_for_what_others_hold(driver: Any) -> None:
    driver(own(), (4711, "/usr/bin/python3.11", MIB_OF_6_GB), (4712, "Xorg", "[N/A]"))
    with fake_cuda(1, memory_bytes=80 * GB, free_bytes=70 * GB) as gpus:
        error = shared(gpus)
    failure = describe(error, "training-failed")
    wire.validate("Failure", failure)
    assert failure["code"] == "device-shared"
    assert failure["message"] == (
        "The GPU ran out of memory while other programs hold 9.3 GiB of its 74.5 GiB: "
        "python3.11 (process 4711, 5.6 GiB), Xorg (process 4712)."
    )
    assert failure["hint"] == "Wait until they are done, or end them."
    assert "OutOfMemoryError" in failure["traceback"]


def test_a_kernel_of_the_users_is_told_by_its_notebook(
    driver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = mock.Mock()
    kernel.uids().real = os.getuid()
    kernel.cmdline.return_value = ["python", "-m", "ipykernel_launcher", "-f", "kernel.json"]
    kernel.environ.return_value = {"JPY_SESSION_NAME": "/home/me/lessons/finetune.ipynb"}
    monkeypatch.setattr(psutil, "Process", lambda pid: kernel)
    driver(own(), (4711, "/usr/bin/python3.11", MIB_OF_6_GB))
    with fake_cuda(1, memory_bytes=80 * GB, free_bytes=70 * GB) as gpus:
        failure = describe(shared(gpus), "training-failed")
        kernel.environ.return_value = {}
        plain = describe(shared(gpus), "training-failed")
    assert "the kernel of finetune.ipynb (process 4711, 5.6 GiB)" in failure["message"]
    assert "empty_cache" in failure["hint"]
    assert "a notebook's kernel (process 4711, 5.6 GiB)" in plain["message"]


def test_the_driver_is_asked_once_for_last_words(
    driver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = mock.Mock(wraps=foreign_memory.ask_driver)
    monkeypatch.setattr(foreign_memory, "ask_driver", asked)
    driver(own(), (4711, "python", MIB_OF_6_GB))
    with fake_cuda(1, memory_bytes=80 * GB, free_bytes=70 * GB) as gpus:
        shared(gpus)
    assert asked.call_count == 1


def test_a_task_that_needs_more_than_the_gpu_has_is_blamed_all_the_same(driver: Any) -> None:
    with fake_cuda(1, memory_bytes=80 * GB, free_bytes=70 * GB) as gpus:
        error = shared(gpus, OUT_OF_MEMORY.format(60))
        assert describe(error, "training-failed")["code"] == "out-of-memory"


def test_a_task_is_blamed_on_a_gpu_of_ones_own(driver: Any) -> None:
    with fake_cuda(1, memory_bytes=80 * GB) as gpus:
        assert describe(shared(gpus), "training-failed")["code"] == "out-of-memory"


def test_other_errors_beside_others_are_the_tasks(driver: Any) -> None:
    with fake_cuda(1, memory_bytes=80 * GB, free_bytes=20 * GB):
        error = ValueError("mine")
        assert claim(wire_devices(), 0).blame(error) is error
        assert claim(wire_devices(), 0).blame(MemoryError()).__class__ is MemoryError


@pytest.mark.parametrize(("held", "expected"), [(0, None), (6 * GB, 6 * GB)])
def test_a_measurement_tells_who_was_beside_it(held: int, expected: int | None) -> None:
    device = mock.create_autospec(RankDevice, instance=True)
    device.foreign_bytes.return_value = held
    request: Any = SimpleNamespace(requested_at=0.0, signature="s", strategy={})
    measurement = CellMeasurement(request, ProcessGroup(0, 1), device)
    measurement.timer.add(0.1, 1)
    for _ in range(2):
        assert measurement.cell().get("foreignBytes") == expected
    assert device.foreign_bytes.call_count == 1  # asking the driver takes a while


def test_an_inspection_blames_no_task_either(driver: Any) -> None:
    driver(own(), (4711, "python", MIB_OF_6_GB))
    raised = SaturnError("factory-failed", "The factory failed.")
    raised.__cause__ = torch.OutOfMemoryError(OUT_OF_MEMORY.format(20))
    request: Any = SimpleNamespace(device_kind="cuda")
    with fake_cuda(1, memory_bytes=80 * GB, free_bytes=70 * GB):
        failure = inspection._told_of(raised, request, claim(wire_devices(), 0))
    assert failure["code"] == "device-shared"


def test_a_rank_tells_of_it_as_a_device_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[Any] = []
    events: Any = SimpleNamespace(emit=said.append)
    error = SaturnError("device-shared", "Others are there.")
    error.__cause__ = torch.OutOfMemoryError(OUT_OF_MEMORY.format(1))
    rank._report(error, events)
    assert [(one["kind"], one["error"]["code"]) for one in said] == [("lost", "device-shared")]


@pytest.mark.parametrize(
    ("listed", "usable", "lost"),
    [((0,), 1, ["cuda1"]), ((), 0, []), ((1,), 0, ["cuda0"]), ((0, 1), 1, ["cuda1"])],
)
def test_a_gpu_that_is_gone_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    listed: tuple[int, ...],
    usable: int,
    lost: list[str],
) -> None:
    """By the driver, else by CUDA, which hides all that are named after one it does not find."""
    cards = tuple(card(number) for number in listed)
    FakeDriver(cards=cards).install(tmp_path / "bin", monkeypatch)
    if not listed:
        monkeypatch.setattr(device_module, "ask_driver", lambda *_: "")
    with fake_cuda(usable), pytest.raises(SaturnError) as caught:
        claim(wire_devices(2), 0)
    assert caught.value.code == ("device-lost" if lost else "no-gpu")
    assert caught.value.devices == lost


@pytest.mark.parametrize(
    ("driver", "code"),
    [
        (FakeDriver((Card(handle=LOST),), bails=True), "device-lost"),
        (FakeDriver(says=MISMATCH, code=18), "no-gpu"),
    ],
)
def test_a_tool_that_fails_over_a_gpu_tells_of_it_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, driver: FakeDriver, code: str
) -> None:
    driver.install(tmp_path / "bin", monkeypatch)
    with fake_cuda(0), pytest.raises(SaturnError) as caught:
        claim(wire_devices(), 0)
    assert caught.value.code == code


@pytest.mark.parametrize("answer", ["", "\n", "unknown option -L\n"])
def test_a_tool_that_lists_nothing_loses_no_gpu(
    monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    monkeypatch.setattr(device_module, "ask_driver", lambda *_: answer)
    with fake_cuda(0), pytest.raises(SaturnError) as caught:
        claim(wire_devices(1), 0)
    assert caught.value.code == "no-gpu"
