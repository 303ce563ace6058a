"""The trained model as a file of its own.

What is being written has a name with the number of its attempt: one that was given up may write on.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from ...paths import SessionPaths
from ...private_folders import make_private
from ...task import Task
from ..task.factory import build_task
from .atomic_checkpoint import sync_folder

if TYPE_CHECKING:
    from ...generated.wire_types import TaskSpec


def write_model(
    paths: SessionPaths,
    spec: TaskSpec,
    task: Task,
    weights: dict[str, torch.Tensor],
    same: Path | None = None,
    *,
    attempt: int = 0,
) -> Path:
    """Write a trained model, as a state dict or as the task's own `export` does it.

    Parameters
    ----------
    same
        A file of these weights, of which the model's may be another name.
    attempt
        Number of the attempt that has trained it; 0 where there are none.

    Returns
    -------
    Path
        The file or the folder. Raises what building the task or its `export` raises.
    """
    name = spec["name"]
    if task.export is None:
        if same is None or not _linked(same, paths.model(name), attempt):
            write_weights(paths.model(name), weights, attempt)
        return paths.model(name)
    # The model at hand may be in pieces: libraries then save those of this rank only.
    export = build_task(paths, spec).export
    assert export is not None
    write_folder(paths.model_folder(name), lambda folder: export(weights, folder), attempt)
    return paths.model_folder(name)


def _linked(file: Path, path: Path, attempt: int) -> bool:
    """Whether a file has got another name, in the place of what had that; not all disks can."""
    temporary = _temporary(path, attempt)
    try:
        temporary.hardlink_to(file)
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError:
        return False
    finally:
        temporary.unlink(missing_ok=True)  # it stays where both are one file already
    return True


def write_weights(path: Path, weights: Mapping[str, torch.Tensor], attempt: int = 0) -> None:
    """Write a state dict that ``torch.load(path, weights_only=True)`` reads anywhere.

    The file appears whole, or not at all.
    """
    temporary = _temporary(path, attempt)
    plain = {  # the extra state of a module may be anything
        name: value.detach() if isinstance(value, torch.Tensor) else value
        for name, value in weights.items()
    }
    try:
        with temporary.open("wb") as file:
            torch.save(plain, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def write_folder(path: Path, write: Callable[[Path], object], attempt: int = 0) -> None:
    """Have a folder written, which then replaces the one of that name as a whole."""
    temporary = _temporary(path, attempt)
    make_private(temporary)
    try:
        write(temporary)
        shutil.rmtree(path, ignore_errors=True)
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    sync_folder(path.parent)


def _temporary(path: Path, attempt: int) -> Path:
    """Where a file or folder is written; what this attempt and earlier ones have left is gone."""
    pattern = re.compile(rf"{re.escape(path.name)}(?:\.(\d+))?\.tmp")
    make_private(path.parent)
    for entry in list(path.parent.iterdir()):
        found = pattern.fullmatch(entry.name)
        if found is None or int(found[1] or 0) > attempt:
            continue
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
    return path.with_name(f"{path.name}.{attempt}.tmp")
