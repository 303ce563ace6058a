"""How busy devices are: of the processes of ranks, and of GPUs as their driver tells."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from jupyterlab_saturn.agent import device_load
from jupyterlab_saturn.agent.device_load import LoadSampler
from jupyterlab_saturn.wire import validate

MIB = 1024 * 1024
CPUS: Any = {
    "id": "n",
    "devices": [
        {"id": f"cpu{i}", "kind": "cpu", "name": "CPU", "memoryBytes": 1024 * MIB, "cores": [i]}
        for i in range(2)
    ],
}
_BUSY = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'while True: pass'])"
_IDLE = "import time; x = bytearray(64 << 20); time.sleep(600)"


@dataclass
class Job:
    places: list[tuple[str, int]]


def start(code: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", code], start_new_session=True)


def end(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGKILL)  # with a child that it is only just starting
    process.wait()


@pytest.fixture
def ranks() -> Iterator[list[tuple[str, int]]]:
    """One that works, by a child of its own, and one that waits."""
    started = [start(_BUSY), start(_IDLE)]
    try:
        yield [("cpu0", started[0].pid), ("cpu1", started[1].pid)]
    finally:
        for process in started:
            end(process)


def worked(pid: int) -> float:
    """CPU seconds of what a rank has started."""
    times = [each.cpu_times() for each in psutil.Process(pid).children(recursive=True)]
    return sum(each.user + each.system for each in times)


def until_it_works(pid: int, more: float) -> None:
    before = worked(pid)
    while worked(pid) < before + more:
        time.sleep(0.02)


@pytest.mark.skipif(sys.platform != "linux", reason="Elsewhere it is not told what is shared.")
def test_memory_that_ranks_share_is_not_counted_for_each() -> None:
    shares = start(
        "import mmap, time; x = mmap.mmap(-1, 256 << 20); x.write(bytes(256 << 20));time.sleep(600)"
    )
    try:
        process = psutil.Process(shares.pid)
        while process.memory_info().rss < 256 * MIB or process.memory_info().shared < 256 * MIB:
            time.sleep(0.02)
        clock = iter((100.0, 100.5))
        sampler = LoadSampler(lambda: CPUS, list, print, lambda: next(clock))
        places = [("cpu0", shares.pid)]
        assert sampler.sample(CPUS, places) is None
        load = sampler.sample(CPUS, places)
        assert load is not None
        assert load["devices"][0].get("memoryBytes", 0) < 256 * MIB
    finally:
        end(shares)


def test_a_virtual_device_is_as_busy_as_its_ranks_with_all_they_start(
    ranks: list[tuple[str, int]],
) -> None:
    clock = iter((100.0, 100.5))
    sampler = LoadSampler(lambda: CPUS, list, print, lambda: next(clock))
    until_it_works(ranks[0][1], 0.01)
    assert sampler.sample(CPUS, ranks) is None  # nothing to compare with
    until_it_works(ranks[0][1], 0.3)
    load = sampler.sample(CPUS, ranks)
    assert load is not None
    validate("DevicesLoad", load)
    busy, idle = load["devices"]
    assert (load["node"], load["time"], load["seconds"]) == ("n", 100.5, 0.5)
    assert busy["id"] == "cpu0" and 0.5 < busy["load"] <= 1.0
    assert idle["id"] == "cpu1" and idle["load"] < 0.5
    assert 64 * MIB < idle["memoryBytes"] < 256 * MIB and idle["totalBytes"] == 1024 * MIB


def test_a_device_that_nobody_has_does_nothing(ranks: list[tuple[str, int]]) -> None:
    clock = iter((1.0, 2.0))
    sampler = LoadSampler(lambda: CPUS, list, print, lambda: next(clock))
    sampler.sample(CPUS, ranks[:1])
    load = sampler.sample(CPUS, ranks[:1])
    assert load is not None
    assert load["devices"][1] == {
        "id": "cpu1",
        "load": 0.0,
        "memoryBytes": 0,
        "totalBytes": 1024 * MIB,
    }


def test_it_looks_while_a_job_has_devices_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_load, "SAMPLE_SECONDS", 0.01)
    looked: list[int] = []
    jobs: list[Job] = []
    told: list[Any] = []

    class Counting(LoadSampler):
        def sample(self, node: Any, places: Any) -> Any:
            looked.append(len(places))
            if len(looked) == 2:
                raise RuntimeError("this is to end nothing")
            return {"node": "n", "time": 1.0, "seconds": 1.0, "devices": []}

    async def live() -> None:
        running = asyncio.create_task(Counting(lambda: CPUS, lambda: jobs, told.append).run())
        await asyncio.sleep(0.05)
        assert looked == []
        jobs.append(Job([("cpu0", os.getpid())]))
        while len(looked) < 4:
            await asyncio.sleep(0.01)
        assert len(told) >= 2 and told[0]["type"] == "devices.load"
        jobs.clear()
        await asyncio.sleep(0.03)
        seen = len(looked)
        await asyncio.sleep(0.05)
        assert len(looked) == seen
        running.cancel()

    asyncio.run(live())


def hanging(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A driver's tool that does not answer. Returns where it tells its process ids."""
    told = folder / "asked"
    tool = folder / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\necho $$ >> {told}\nexec sleep 600\n")
    tool.chmod(0o700)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return told


GPU: Any = {
    "id": "n",
    "devices": [{"id": "cuda0", "kind": "cuda", "name": "G", "memoryBytes": MIB, "uuid": "GPU-1"}],
}


def test_both_questions_have_one_patience(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def slow(*_: Any, seconds: float, **__: Any) -> str:
        asked.append(seconds)
        time.sleep(0.05)
        return ""

    hanging(tmp_path, monkeypatch)
    monkeypatch.setattr(device_load, "ask_tool", slow)
    clock = iter((1.0, 2.0))
    sampler = LoadSampler(lambda: GPU, list, print, lambda: next(clock))
    sampler.sample(GPU, [("cuda0", os.getpid())])
    sampler.sample(GPU, [("cuda0", os.getpid())])
    first, second = asked
    assert second <= first - 0.05


def test_a_driver_that_is_waited_for_does_not_keep_the_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = hanging(tmp_path, monkeypatch)
    monkeypatch.setattr(device_load, "SAMPLE_SECONDS", 0.01)
    monkeypatch.setattr(device_load, "_PATIENCE_SECONDS", 600.0)
    jobs = [Job([("cuda0", os.getpid())])]

    async def live() -> None:
        running = asyncio.create_task(LoadSampler(lambda: GPU, lambda: jobs, print).run())
        while not (told.exists() and told.read_text().endswith("\n")):
            await asyncio.sleep(0.01)
        running.cancel()

    asyncio.run(live())  # which waits for the threads that it has started
    assert not psutil.pid_exists(int(told.read_text()))


def test_what_fails_again_and_again_is_told_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(device_load, "SAMPLE_SECONDS", 0.001)
    errors = iter([OSError("one"), OSError("two"), OSError("three"), ValueError("other")])
    left = threading.Event()

    class Failing(LoadSampler):
        def sample(self, node: Any, places: Any) -> Any:
            error = next(errors, None)
            if error is None:
                left.set()
                return None
            raise error

    async def live() -> None:
        jobs = [Job([("cpu0", os.getpid())])]
        running = asyncio.create_task(Failing(lambda: CPUS, lambda: jobs, print).run())
        while not left.is_set():
            await asyncio.sleep(0.001)
        running.cancel()

    asyncio.run(live())
    told = [record.getMessage() for record in caplog.records]
    assert [text.rpartition(": ")[2] for text in told] == ["OSError('one')", "ValueError('other')"]
