from __future__ import annotations

import pytest
from jupyterlab_saturn.agent import cpu_devices
from jupyterlab_saturn.wire import validate


@pytest.mark.parametrize(
    ("count", "cores"),
    [
        (None, [[0], [2], [5], [7]]),
        (1, [[0, 2, 5, 7]]),
        (2, [[0, 5], [2, 7]]),
        (3, [[0, 7], [2], [5]]),
        (6, [[0], [2], [5], [7], [0], [2]]),
    ],
)
def test_cores_are_dealt_evenly_and_shared_when_scarce(
    count: int | None, cores: list[list[int]]
) -> None:
    made = cpu_devices.cpu_devices([0, 2, 5, 7], 8 << 30, count=count)
    assert [device["cores"] for device in made] == cores
    assert {device["memoryBytes"] for device in made} == {int((8 << 30) * 0.8 / len(cores))}
    for device in made:
        validate("Device", device)


def test_devices_that_can_stand_in_for_each_other_are_of_one_model() -> None:
    one, two, three = (
        device["model"] for device in cpu_devices.cpu_devices([0, 1, 2, 3], 8 << 30, count=3)
    )
    assert two == three != one
    assert one == f"{cpu_devices.cpu_model()}, 2 cores, 2184 MiB"
    assert two == f"{cpu_devices.cpu_model()}, 1 core, 2184 MiB"
    [fewer] = {
        device["model"] for device in cpu_devices.cpu_devices([4, 5], 8 << 30, memory=2184 << 20)
    }
    assert fewer == two


def test_memory_can_be_chosen() -> None:
    made = cpu_devices.cpu_devices([0, 1], 8 << 30, count=3, memory=123 << 20)
    assert [device["memoryBytes"] for device in made] == [123 << 20] * 3


def test_there_is_memory() -> None:
    assert cpu_devices.memory_bytes() == cpu_devices.memory_bytes() > 0
