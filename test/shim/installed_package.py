"""Tiny packages, installed as pip leaves them: a module, and a folder that tells what it is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from jupyterlab_saturn.training.adapters import adapter_registry
from jupyterlab_saturn.training.techniques import installed_techniques


def install(folder: Path, name: str, source: str, **entry_points: dict[str, str]) -> None:
    """Put a package of version 0.1 into a folder.

    Parameters
    ----------
    name
        Of the distribution; its module has underscores for dashes.
    entry_points
        By kind, ``techniques`` or ``adapters``: the class in the module by its name.
    """
    module = name.replace("-", "_")
    (folder / f"{module}.py").write_text(source)
    info = folder / f"{module}-0.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\n")
    lines = [
        line
        for kind, classes in entry_points.items()
        for line in (
            f"[jupyterlab_saturn.{kind}]",
            *(f"{entry} = {module}:{cls}" for entry, cls in classes.items()),
        )
    ]
    (info / "entry_points.txt").write_text("\n".join(lines))


@contextmanager
def installed_from(folder: Path) -> Iterator[None]:
    """What is installed in a folder is there: in this process, and in those it starts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        _forget()
        try:
            yield
        finally:
            _forget()
            _unload(folder)


def _forget() -> None:
    """What was found is kept for the life of a process, which is a rank's."""
    installed_techniques.cache_clear()
    adapter_registry.installed_adapters.cache_clear()


def _unload(folder: Path) -> None:
    """Modules of its packages; another folder may have some of the same names."""
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(f"{folder}/"):
            del sys.modules[name]
