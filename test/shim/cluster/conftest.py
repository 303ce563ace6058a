"""Ray clusters of tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ray_cluster import RayCluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    """A head and another node, of all tests that leave both as they are."""
    with RayCluster() as made:
        made.start()
        made.start()
        yield made


@pytest.fixture
def own() -> Iterator[RayCluster]:
    """A cluster to break; it has a head alone at first."""
    with RayCluster() as made:
        made.start()
        yield made


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where sessions are."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SATURN_IDLE_SECONDS", "600")
    # Set by those who run tests side by side: it looks like a secret, which stays on its node.
    monkeypatch.delenv("PYTEST_XDIST_TESTRUNUID", raising=False)
    return tmp_path / "saturn"
