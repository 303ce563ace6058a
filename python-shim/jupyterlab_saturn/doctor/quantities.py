"""Sizes in words."""

from __future__ import annotations

from ..nvidia_smi import MIB, gibibytes


def size(count: float) -> str:
    """Bytes in words, e.g. ``1.5 GiB``."""
    return gibibytes(count) if count >= 1024 * MIB else f"{count / MIB:.0f} MiB"
