"""What software a node has: what speed depends on, and what nodes of a session must agree on."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import TYPE_CHECKING

from .. import __version__

if TYPE_CHECKING:
    from ..generated.wire_types import NodeVersions


def software(driver: str | None = None) -> str:
    """Versions that a measurement holds for, e.g. ``torch 2.13.0, python 3.11``.

    Parameters
    ----------
    driver
        Version of the GPUs' driver, where there are any.
    """
    major, minor, _ = platform.python_version_tuple()
    parts = [f"torch {_installed('torch') or 'unknown'}", f"python {major}.{minor}"]
    if driver is not None:
        parts.append(f"driver {driver}")
    return ", ".join(parts)


def node_versions() -> NodeVersions:
    """What an engine compares with what its own node has."""
    versions: NodeVersions = {"package": __version__, "python": platform.python_version()}
    torch, ray = _installed("torch"), _installed("ray")
    if torch is not None:
        versions["torch"] = torch
    if ray is not None:
        versions["ray"] = ray
    return versions


def _installed(package: str) -> str | None:
    """Version of a package, which is not imported: of these, that takes seconds."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
