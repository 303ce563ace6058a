"""Files of ours beside those of others, and of several processes at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from jupyterlab_saturn.whole_files import put_if_absent, remove_leftovers


def gone() -> int:
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        return process.pid


def test_in_a_folder_of_the_users_only_what_was_written_of_one_file_is_removed(
    tmp_path: Path,
) -> None:
    ended = gone()
    ours, theirs = tmp_path / f"runs.db.{ended}.tmp", tmp_path / f"notes.{ended}.tmp"
    for folder in (ours, theirs):
        folder.mkdir()
        (folder / "file").write_text("x")
    remove_leftovers(tmp_path, "runs.db")
    assert [path.name for path in tmp_path.iterdir()] == [theirs.name]
    remove_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_of_two_that_make_a_file_the_first_one_s_stays(tmp_path: Path) -> None:
    first, second, path = (tmp_path / name for name in ("first", "second", "file"))
    for file in (first, second):
        file.write_text(file.name)
        put_if_absent(file, path)
    assert path.read_text() == "first"
