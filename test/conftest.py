"""Leaves out by day what is tried at night only, and has what takes long begin first."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from jupyterlab_saturn.patience import patience
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


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Give what is bounded in time longer on a machine with too much to do: it hangs no sooner."""
    bound = item.get_closest_marker("timeout")
    if bound is not None and bound.args:
        item.add_marker(pytest.mark.timeout(patience(float(bound.args[0]))), append=False)
    return (yield)
