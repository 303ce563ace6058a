"""Units of a session's folder: made of files of known content, whatever is said of them."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

import pytest
from fakes.bench import Json
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.files.unit_folder import UnitFolder
from jupyterlab_saturn.wire import validate


def test_a_unit_stays_inside_its_place(tmp_path: Path) -> None:
    """Whatever a faulty or hostile peer says: nothing is written beside, nothing over another."""
    folder = UnitFolder(tmp_path)
    contents = {sha: tmp_path / sha for sha in ("a" * 64, "b" * 64)}
    for sha, file in contents.items():
        file.write_text(sha)
    parts = [{"name": name, "size": 64, "sha256": "a" * 64} for name in ("x\n/../../out", "x", "x")]
    parts[2]["sha256"] = "b" * 64
    for number, bad in enumerate((parts[:1], parts[1:])):
        unit: Json = {"path": "native/x", "parts": bad}
        with pytest.raises(SaturnError) as refused:
            folder.build(unit, contents, tmp_path / "built" / str(number))  # type: ignore[arg-type]
        assert refused.value.code == "bad-payload"
        with pytest.raises(SaturnError):
            validate("FileUnit", {**unit, "path": f"{unit['path']}\n/../../.."})
    with pytest.raises(SaturnError):
        validate("FilePart", parts[0])
    assert not (tmp_path / "out").exists()
    assert {sha: file.read_text() for sha, file in contents.items()} == dict(
        zip(contents, contents, strict=True)
    )


def test_a_link_is_made_to_what_another_leads_to(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "epoch").write_text("weights")
    (tmp_path / "old" / "last").symlink_to("epoch")
    folder = UnitFolder(tmp_path)
    unit = folder.unit("old")
    last = next(part for part in unit["parts"] if part["name"] == "last")
    contents = {last["sha256"]: tmp_path / "old" / "last"}
    folder.build({"path": "new", "parts": [last]}, contents, tmp_path / "new")
    folder.drop("old")
    assert (tmp_path / "new" / "last").read_text() == "weights"


def test_what_is_verified_is_read(tmp_path: Path) -> None:
    """Also where its file looks as another did: same place, size and time."""
    folder, file = UnitFolder(tmp_path), tmp_path / "f"
    for content, is_right in ((b"right", True), (b"wrong", False)):
        file.write_bytes(content)
        os.utime(file, ns=(10**18, 10**18))
        with contextlib.nullcontext() if is_right else pytest.raises(SaturnError):
            folder.verify(file, hashlib.sha256(b"right").hexdigest(), 5)
