from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from jupyterlab_saturn.agent.busy_devices import BusyDevices
from jupyterlab_saturn.agent.device_leases import DeviceLeases
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.paths import SessionPaths
from jupyterlab_saturn.wire import message

CPUS: list[Any] = [
    {"id": f"cpu{core}", "kind": "cpu", "name": "core", "memoryBytes": 1, "cores": [core]}
    for core in (0, 1)
]


def refused(*ids: str, code: str = "device-busy") -> Any:
    error = {"code": code, "message": "No.", "devices": [*ids]}
    body = {"task": "a", "attempt": 1, "kind": "failed", "time": 1.0, "error": error}
    return message("agent", "group.event", body)


def want(leases: DeviceLeases, devices: list[Any]) -> None:
    """What a job does before it tells that it was refused."""
    with suppress(SaturnError), leases.hold(devices):
        pass


@pytest.fixture
def leases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[DeviceLeases]]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "runtime"))
    (tmp_path / "runtime").mkdir(mode=0o700)
    yield [DeviceLeases(SessionPaths(name, tmp_path / name)) for name in ("mine", "theirs")]


def test_a_device_of_another_session_is_told_once_when_it_is_free(
    leases: list[DeviceLeases],
) -> None:
    mine, theirs = leases
    busy = BusyDevices(mine)
    with theirs.hold(CPUS[:1]):
        want(mine, CPUS[:1])
        busy.note(refused("cpu0"), CPUS)
        assert busy.freed(CPUS) == []
    assert busy.freed(CPUS) == ["cpu0"]
    assert busy.freed(CPUS) == []


def test_one_that_is_free_before_the_refusal_is_told_is_not_waited_for(
    leases: list[DeviceLeases],
) -> None:
    mine, theirs = leases
    busy = BusyDevices(mine, lambda: 0.0)
    with theirs.hold(CPUS[:1]):
        want(mine, CPUS[:1])
    busy.note(refused("cpu0"), CPUS)
    assert busy.freed(CPUS) == ["cpu0"]
    want(mine, CPUS[:1])
    busy.note(refused("cpu0"), CPUS)  # though it had the lease: by a program that is no session
    assert busy.freed(CPUS) == []


def test_looking_keeps_nobody_out(leases: list[DeviceLeases]) -> None:
    mine, theirs = leases
    with mine.hold(CPUS[:1]):
        assert mine.is_free(CPUS[0])
        assert not theirs.is_free(CPUS[0])
    assert theirs.is_free(CPUS[0])
    with theirs.hold(CPUS):
        pass


def test_what_is_no_session_s_is_tried_again_after_a_while(leases: list[DeviceLeases]) -> None:
    now = 0.0
    busy = BusyDevices(leases[0], lambda: now)
    cell = {
        "signature": "s",
        "strategy": {"technique": "single", "devices": 1},
        "status": "failed",
        "source": "measured",
        "error": {"code": "device-busy", "message": "In use.", "devices": ["cpu1"]},
    }
    busy.note(message("agent", "trial.result", {"trial": "x", "cell": cell}), CPUS)
    now = 30.0
    assert busy.freed(CPUS) == []
    now = 61.0
    assert busy.freed(CPUS) == ["cpu1"]


@pytest.mark.parametrize("told", [refused("cpu0", code="device-lost"), refused("cpu7")])
def test_other_failures_are_no_wait(leases: list[DeviceLeases], told: Any) -> None:
    busy = BusyDevices(leases[0], lambda: 0.0)
    busy.note(told, CPUS)
    busy.note(message("agent", "agent.ping"), CPUS)
    assert busy.freed(CPUS) == []
