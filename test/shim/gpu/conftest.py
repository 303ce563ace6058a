"""What tests of GPUs share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def environment_of_its_own() -> Iterator[None]:
    """Which devices a process sees is in its environment; the next test begins with the old one."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
