"""Files that a session is written into."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes.engine import FakeEngine
from fakes.shell import Shell
from jupyterlab_saturn.errors import SaturnError


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a.html", "html"),
        ("A.HTM", "html"),
        ("a.svg", "svg"),
        ("a b.csv", "csv"),
        ("a.json", "json"),
    ],
)
def test_the_ending_tells_what_a_file_holds(
    shell: Shell, engine: FakeEngine, tmp_path: Path, name: str, format: str
) -> None:
    file = tmp_path / name
    file.write_text("what was there")
    assert shell.cell(f"%saturn export '{file}'") is None
    assert ("export", {"format": format}) in engine.received
    assert file.read_bytes().decode() == f"the {format}, “as is”\r\n"
    assert shell.texts() == [f"Written: {file}"]
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == [name]


@pytest.mark.parametrize(
    ("line", "code", "hint"),
    [
        ("", "bad-option", "%saturn export sweep.html"),
        ("a.html b.html", "bad-option", "%saturn export sweep.html"),
        ("a.png", "bad-format", ".svg"),
        ("a.txt", "bad-format", ".html"),
        ("nowhere/a.svg", "not-written", "folder"),
    ],
)
def test_what_cannot_be_written_is_said(
    shell: Shell, engine: FakeEngine, line: str, code: str, hint: str
) -> None:
    error = shell.cell(f"%saturn export {line}")
    assert isinstance(error, SaturnError) and error.code == code
    assert hint in (error.hint or "")


def test_nothing_is_written_when_there_is_nothing(
    shell: Shell, engine: FakeEngine, tmp_path: Path
) -> None:
    engine.refused["export"] = {"code": "nothing-to-export", "message": "There is no plan yet."}
    error = shell.cell(f"%saturn export {tmp_path / 'plan.json'}")
    assert isinstance(error, SaturnError) and error.code == "nothing-to-export"
    assert not (tmp_path / "plan.json").exists()
