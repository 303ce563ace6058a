"""Leaves out by day what is tried at night only, and has what takes long begin first."""

from __future__ import annotations

from pathlib import Path

import pytest
from nightly import NIGHTLY

LONG = (
    "test_cluster_ray",
    "test_fidelity_cases",
    "test_story",
    "test_fidelity",
    "test_conformance",
    "test_server_relay",
    "test_notebook_world",
    "test_agent_process",
    "test_cluster_bridge",
    "test_trackers",
)
"""How the names of those files begin: none is to be left when processes run out of others."""


def turn(file: Path) -> int:
    """Before whom a file's tests are run."""
    ranks = (rank for rank, name in enumerate(LONG) if file.stem.startswith(name))
    return next(ranks, len(LONG))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect tests that are marked so, unless it is night; sort the others."""
    left_out = [] if NIGHTLY else [item for item in items if item.get_closest_marker("nightly")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("nightly")]
    items.sort(key=lambda item: turn(item.path))
