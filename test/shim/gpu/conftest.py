"""What tests of GPUs share: a process that has chosen no device, whatever ran in it before."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def no_device_yet() -> Iterator[None]:
    """What chooses a device is in the environment, and accelerate remembers what it chose."""
    before = dict(os.environ)
    for name in before:
        if name == "CUDA_VISIBLE_DEVICES" or name.startswith("ACCELERATE_"):
            del os.environ[name]
    _forget_device()
    yield
    os.environ.clear()
    os.environ.update(before)
    _forget_device()


def _forget_device() -> None:
    state = sys.modules.get("accelerate.state")
    if state is not None:
        state.AcceleratorState._reset_state(reset_partial_state=True)
