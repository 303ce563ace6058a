"""What tests of GPUs share."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def environment_of_its_own() -> Iterator[None]:
    """Which devices a process sees is in its environment; the next test begins with the old one."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(autouse=True)
def device_of_its_own() -> Iterator[None]:
    """Accelerate remembers for a process on which device it is; the next test is on another."""
    yield
    state = sys.modules.get("accelerate.state")
    if state is not None:
        state.AcceleratorState._reset_state(reset_partial_state=True)
