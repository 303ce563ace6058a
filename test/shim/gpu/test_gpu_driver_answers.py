"""What nvidia-smi answers in other versions, and where a GPU does not do any more."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from fake_driver import Card, FakeDriver, Process
from jupyterlab_saturn.agent import driver_report
from jupyterlab_saturn.agent.device_discovery import discover
from jupyterlab_saturn.doctor.driver_words import driver_words
from jupyterlab_saturn.errors import SaturnError

LOST = "[GPU is lost]"
FIELDS = ("memory.total", "memory.used", "compute_cap", "mig.mode.current", "compute_mode")


def told(driver: FakeDriver, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """What is said of the GPUs that are left out, and what to do."""
    driver.install(folder, monkeypatch)
    notices = discover({"kind": "auto"}).get("notices", [])
    return (
        " ".join(notice["message"] for notice in notices),
        " ".join(notice.get("hint", "") for notice in notices),
    )


def written(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a tool first on PATH that runs this."""
    FakeDriver().install(folder, monkeypatch).write_text(f"#!/bin/sh\n{text}\n")


def test_a_lost_gpu_is_not_taken_for_a_divided_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = replace(Card().numbered(1), fields=dict.fromkeys(FIELDS, LOST))
    said, hint = told(FakeDriver((Card(), lost)), tmp_path, monkeypatch)
    assert "GPU is lost" in said and "MIG" not in said and "mode" not in said
    assert "Restart the machine" in hint


@pytest.mark.parametrize(
    "row", [", ".join([LOST] * 9), LOST, "[Unknown Error], [Unknown Error]", "1, [GPU is lost]"]
)
def test_a_row_without_a_number_is_a_lost_gpu(
    row: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = "0, GPU-0, NVIDIA A100, 81920, 4, 570.86.15, 8.0, Disabled, Default"
    written(f"echo '{sound}'; echo '{row}'; exit 15", tmp_path, monkeypatch)
    node = discover({"kind": "auto"})
    assert [device["id"] for device in node["devices"]] == ["cuda0"]
    [notice] = node["notices"]
    assert "A GPU (1) is left out: the driver cannot reach it" in notice["message"]
    assert "Restart" in notice["hint"]


def test_older_words_and_units_are_understood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = {"mig.mode.current": "[Not Supported]", "compute_mode": "[Not Supported]"}
    FakeDriver((Card(total="15109 MiB", used="3 MiB", fields=fields),)).install(
        tmp_path, monkeypatch
    )
    node = discover({"kind": "auto"})
    assert node["devices"][0]["memoryBytes"] == 15109 << 20
    assert "notices" not in node


def test_words_of_a_command_line_are_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Process(4_000_000, "/usr/bin/python3 /a/b.py --token=hunter2", used=40_000)
    said, _ = told(FakeDriver((Card(used=40_000, processes=(other,)),)), tmp_path, monkeypatch)
    assert "python3 (process 4000000" in said and "hunter2" not in said
    assert "4000000, 40000 MiB" in str(driver_words())
    written("echo 'GPU-0, 4711, python3 a.py, --token=hunter2, 5 MiB'", tmp_path, monkeypatch)
    [*_, computing] = driver_words().values()
    assert computing.strip() == "GPU-0, 4711, 5 MiB"


@pytest.mark.parametrize(
    ("says", "hint"),
    [
        ("Failed to initialize NVML: Unknown Error", "Restart the container"),
        ("Failed to initialize NVML: Insufficient Permissions", "/dev/nvidia"),
        ("Unable to determine the device handle for GPU 0000:5E:00.0: Unknown Error", "Restart"),
    ],
)
def test_what_to_do_is_told(
    says: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(f"echo '{says}'; exit 255", tmp_path, monkeypatch)
    with pytest.raises(SaturnError) as caught:
        discover({"kind": "cuda"})
    assert hint in str(caught.value.hint)


def test_a_silent_tool_is_ended_with_all_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(f"sleep 600 & echo $! >> {tmp_path}/pids; wait", tmp_path, monkeypatch)
    monkeypatch.setattr(driver_report, "_PATIENCE_SECONDS", 1.0)
    with pytest.raises(SaturnError, match="not answered within"):
        discover({"kind": "cuda"})
    [pid] = (tmp_path / "pids").read_text().split()
    deadline = time.monotonic() + 5
    while _runs(int(pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(int(pid))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
