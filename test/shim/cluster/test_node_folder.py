"""A node's copy of a session's folder keeps no more than it may."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from jupyterlab_saturn.files import node_folder
from jupyterlab_saturn.paths import SessionPaths


def test_a_nodes_folder_keeps_no_more_than_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    paths = node_folder.make_node_folder("/else/where/s", "far")
    assert (
        node_folder.is_node_folder(paths) and node_folder.session_folder(paths) == "/else/where/s"
    )
    assert paths.folder.name == "s"
    # The name of a session makes no other one a copy.
    for session in ("carried", "other"):
        SessionPaths(session, tmp_path / "home").ensure()
    assert not node_folder.is_node_folder(SessionPaths("other", tmp_path / "home", "far"))
    for age, name in enumerate(("new", "old", "used")):
        paths.task(name).mkdir()
        (paths.task(name) / "f").write_bytes(bytes(100))
        os.utime(paths.task(name), (1e9 - age, 1e9 - age))
    asyncio.run(node_folder.trim(paths, lambda name: name == "used", most=250))
    assert {path.name for path in paths.tasks.iterdir()} == {"new", "used"}
    left = node_folder.make_node_folder("/else/where/s", "left")
    os.utime(left.folder.parent, (1e9, 1e9))
    node_folder.make_node_folder("/else/where/s", "far")
    assert not left.folder.exists()
    node_folder.remove_node_folder(paths)
    assert not paths.folder.parent.exists()
