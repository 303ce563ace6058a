"""The trained model as a file of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import torch

from .commit import sync_folder


def write_weights(path: Path, weights: Mapping[str, torch.Tensor]) -> None:
    """Write a state dict that ``torch.load(path, weights_only=True)`` reads anywhere.

    The file appears whole, or not at all.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.tmp")
    plain = {name: value.detach() for name, value in weights.items()}
    try:
        with temporary.open("wb") as file:
            torch.save(plain, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)
