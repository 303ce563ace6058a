"""What a process holds of files that others may change."""

from __future__ import annotations

from pathlib import Path

from jupyterlab_saturn.training.runtime.loaded_files import LoadedFiles
from jupyterlab_saturn.wire import SCHEMA


def test_modules_and_the_schema_are_looked_at(tmp_path: Path) -> None:
    other = tmp_path / "schema.json"
    other.write_text("{}")
    loaded = LoadedFiles(SCHEMA, other)
    loaded.note()
    assert loaded.changed() is None
    other.write_text("{ }")
    assert loaded.changed() == str(other)
