"""Folders that only their owner can make, or that are refused with the right words."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.paths import SessionPaths, events_socket
from jupyterlab_saturn.private_folders import ensure_private
from jupyterlab_saturn.user_folders import ensure_state

SOMEBODY = 12345

by_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary files, where no other is told; a home is beside it."""
    with tempfile.TemporaryDirectory(prefix="sat-") as base:
        folder = Path(base, "tmp")
        folder.mkdir()
        for variable in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME"):
            monkeypatch.delenv(variable, raising=False)
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        monkeypatch.setenv("HOME", str(Path(base, "home")))
        yield folder


def test_sockets_are_in_a_folder_of_the_users_own(temporary: Path) -> None:
    runtime = SessionPaths("s", temporary).ensure_runtime()
    assert runtime.parent == temporary / f"saturn-{os.getuid()}"
    assert runtime.stat().st_mode & 0o777 == runtime.parent.stat().st_mode & 0o777 == 0o700


@by_root
@pytest.mark.parametrize("kind", ["folder", "link"])
def test_what_somebody_else_has_made_there_does_not_stop_a_session(
    temporary: Path, kind: str
) -> None:
    taken = temporary / f"saturn-{os.getuid()}"
    if kind == "folder":
        taken.mkdir()
    else:
        taken.symlink_to(temporary)
    os.chown(taken, SOMEBODY, SOMEBODY, follow_symlinks=False)
    Path.home().mkdir()
    paths = SessionPaths("s", temporary)
    runtime = paths.ensure_runtime()
    assert runtime.is_relative_to(Path.home() / ".cache")
    assert ensure_state(paths.leases).is_relative_to(Path.home())
    assert SessionPaths("other", temporary).runtime.parent == runtime.parent
    assert len(os.fsencode(events_socket(paths.runtime))) <= 107


@by_root
def test_a_home_too_long_for_sockets_leaves_what_to_do(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(temporary / ("h" * 80)))
    taken = temporary / f"saturn-{os.getuid()}"
    taken.mkdir()
    os.chown(taken, SOMEBODY, SOMEBODY)
    with pytest.raises(SaturnError, match="not a folder of yours") as refused:
        SessionPaths("s").ensure_runtime()
    assert refused.value.code == "unsafe-folder"
    assert refused.value.hint is not None
    assert "XDG_RUNTIME_DIR" in refused.value.hint
    assert "SATURN_HOME" not in refused.value.hint


@by_root
def test_leases_in_a_folder_of_somebody_else_are_refused_with_what_to_do(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(temporary))
    taken = temporary / "jupyterlab-saturn"
    taken.mkdir()
    os.chown(taken, SOMEBODY, SOMEBODY)
    with pytest.raises(SaturnError, match="not a folder of yours") as refused:
        ensure_state(SessionPaths("s").leases)
    assert "XDG_STATE_HOME" in (refused.value.hint or "")


def test_a_home_that_cannot_be_entered_leaves_a_place_for_leases(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing in it is told to be missing: to look is an error of its own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(temporary / ("h" * 300)))
    assert SessionPaths("s").leases.is_absolute()


def test_the_folder_of_sessions_is_moved_by_its_own_variable(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(SaturnError) as refused:
        ensure_private(file / "within")
    assert "SATURN_HOME" in (refused.value.hint or "")


def test_operations_tell_of_each_file_of_a_session(tmp_path: Path) -> None:
    session = SessionPaths("story", tmp_path)
    text = Path(__file__).parents[2].joinpath("docs/operations.md").read_text("utf-8")
    values = (getattr(session, name) for name in dir(session) if not name.startswith("_"))
    of_session = {
        path.relative_to(session.folder).parts[0]
        for path in values
        if isinstance(path, Path) and session.folder in path.parents
    }
    of_task = {
        getattr(session, name)("a").relative_to(session.task("a")).parts[0]
        for name in (
            "step_log",
            "checkpoints",
            "claims",
            "native",
            "model",
            "model_folder",
            "hub_folder",
        )
    }
    assert len(of_session) > 15
    assert [
        name for name in of_session if f"`{name}`" not in text and f"`{name}/" not in text
    ] == []
    assert [name for name in of_task if f"`tasks/*/{name}`" not in text] == []
