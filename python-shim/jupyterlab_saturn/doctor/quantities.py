"""Sizes in words."""

from __future__ import annotations


def size(count: float) -> str:
    """Bytes in words, e.g. ``1.5 GB``."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
