"""The model's file is whole, whoever else writes one at the time."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from jupyterlab_saturn.training.run.model_export import write_folder, write_weights


def test_an_attempt_that_was_given_up_does_not_write_into_the_file_of_the_next(
    tmp_path: Path,
) -> None:
    path = tmp_path / "model.pt"

    def late(folder: Path) -> None:
        """While the first writes, the second writes all of it."""
        (folder / "half").touch()
        write_folder(tmp_path / "model", lambda other: (other / "whole").touch(), 2)
        (folder / "rest").touch()

    with pytest.raises(FileNotFoundError):
        write_folder(tmp_path / "model", late, 1)
    assert [entry.name for entry in (tmp_path / "model").iterdir()] == ["whole"]
    (tmp_path / "model.pt.1.tmp").write_bytes(b"half of it")
    write_weights(path, {"w": torch.ones(2)}, 2)
    assert torch.load(path)["w"].tolist() == [1.0, 1.0]
    assert {entry.name for entry in tmp_path.iterdir()} == {"model", "model.pt"}


def test_what_a_later_attempt_writes_is_left_alone(tmp_path: Path) -> None:
    for name in ("model.pt.tmp", "model.pt.2.tmp", "model.3.tmp", "model.pt.4.tmp", "model.tmp"):
        (tmp_path / name).write_bytes(b"half of it")
    write_weights(tmp_path / "model.pt", {"w": torch.ones(2)}, 3)
    left = {entry.name for entry in tmp_path.iterdir()}
    assert left == {"model.pt", "model.pt.4.tmp", "model.3.tmp", "model.tmp"}
