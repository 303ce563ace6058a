"""How busy GPUs are, as their driver tells."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_driver import NOT_APPLICABLE, Card, FakeDriver, Process
from jupyterlab_saturn.agent.device_load import LoadSampler
from jupyterlab_saturn.wire import validate

MIB = 1024 * 1024
FIRST = Card(
    used=2048,
    total=81559,
    fields={"utilization.gpu": "87"},
    processes=(Process(os.getpid(), used=1024),),
).numbered(0)
SECOND = Card(fields={"utilization.gpu": NOT_APPLICABLE}, used=4).numbered(1)


def node(*cards: Card) -> Any:
    devices = [
        {
            "id": f"cuda{i}",
            "kind": "cuda",
            "name": card.name,
            "memoryBytes": 80000 * MIB,
            "uuid": card.uuid,
        }
        for i, card in enumerate(cards)
    ]
    return {"id": "n", "devices": devices}


def sample(of: Any) -> Any:
    clock = iter((1.0, 3.0))
    sampler = LoadSampler(lambda: of, list, print, lambda: next(clock))
    places = [("cuda0", os.getsid(0))]
    assert sampler.sample(of, places) is None
    load = sampler.sample(of, places)
    validate("DevicesLoad", load)
    return load


@contextlib.contextmanager
def stranger() -> Iterator[int]:
    """A process of another process session than this one."""
    command = [sys.executable, "-S", "-c", "import time; time.sleep(300)"]
    process = subprocess.Popen(command, start_new_session=True)
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def test_load_memory_and_who_uses_a_gpu_besides_the_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stranger() as pid:
        mine = replace(FIRST, processes=(*FIRST.processes, Process(pid, "python", used=512)))
        FakeDriver((mine, SECOND)).install(tmp_path, monkeypatch)
        first, second = sample(node(mine, SECOND))["devices"]
    assert first == {
        "id": "cuda0",
        "load": 0.87,
        "memoryBytes": 2048 * MIB,
        "totalBytes": 81559 * MIB,
        "others": [f"python (process {pid}, 0.5 GiB)"],
    }
    assert second == {"id": "cuda1", "memoryBytes": 4 * MIB, "totalBytes": 81559 * MIB}


def test_of_a_slice_and_without_an_answer_nothing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slice_ = Card(uuid="MIG-1")
    FakeDriver((FIRST,)).install(tmp_path, monkeypatch)
    assert sample(node(slice_))["devices"] == []
    FakeDriver((FIRST,), says="Unknown Error").install(tmp_path, monkeypatch)
    assert sample(node(FIRST))["devices"] == []
