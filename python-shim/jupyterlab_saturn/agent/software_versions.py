"""What software a node trains with, as far as speed depends on it."""

from __future__ import annotations

import platform
from importlib import metadata


def software(driver: str | None = None) -> str:
    """Versions that a measurement holds for, e.g. ``torch 2.13.0, python 3.11``.

    Parameters
    ----------
    driver
        Version of the GPUs' driver, where there are any.
    """
    try:
        torch = metadata.version("torch")  # not imported: that takes seconds
    except metadata.PackageNotFoundError:
        torch = "unknown"
    major, minor, _ = platform.python_version_tuple()
    parts = [f"torch {torch}", f"python {major}.{minor}"]
    if driver is not None:
        parts.append(f"driver {driver}")
    return ", ".join(parts)
