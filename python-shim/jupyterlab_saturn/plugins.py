"""What plugs in: classes of this package, one a file, and those that other packages bring.

Files are read and entry points are listed without importing them, so that asking what there is
costs neither torch nor the libraries that plugins are for.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Container
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from .errors import SaturnError, failure_of


@dataclass(frozen=True)
class PluginFile:
    """A class of this package that stands in a file of its own.

    Attributes
    ----------
    module
        Name of the file, without its ending.
    tree, node
        The parsed file, and the class in it.
    """

    module: str
    tree: ast.Module
    node: ast.ClassDef

    def make(self, package: str) -> Any:
        """An instance of the class, imported from a package."""
        return getattr(importlib.import_module(f"{package}.{self.module}"), self.node.name)()


def plugin_files(folder: Path, base: str) -> list[PluginFile]:
    """The classes in a folder's files that name a base class as theirs, by file name."""
    found = []
    for path in sorted(folder.glob("*.py")):
        text = path.read_text("utf-8")
        if base not in text:
            continue
        tree = ast.parse(text, str(path))
        found += [
            PluginFile(path.stem, tree, node)
            for node in tree.body
            if isinstance(node, ast.ClassDef)
            and any(isinstance(each, ast.Name) and each.id == base for each in node.bases)
        ]
    return found


class PluginEntry:
    """An entry point: what another package calls one of its classes, and where it is.

    Attributes
    ----------
    package
        Name and version of the package, e.g. ``saturn-halves 0.1``.
    """

    def __init__(self, entry: metadata.EntryPoint) -> None:
        self.name = entry.name
        self.package = "?" if entry.dist is None else f"{entry.dist.name} {entry.dist.version}"
        self._entry = entry

    def make(self) -> Any:
        """An instance of the class. Raises SaturnError ``bad-entry-point``."""
        try:
            return self._entry.load()()
        except (Exception, SystemExit) as error:
            raise self.refused(f"cannot be loaded from {self._entry.value}", error) from error

    def refused(self, why: str, error: BaseException | None = None) -> SaturnError:
        """An error that names the package: ``bad-entry-point``.

        Parameters
        ----------
        why
            The rest of a sentence that begins with the entry point.
        error
            What was raised instead of an answer.
        """
        said = "" if error is None else f": {type(error).__name__}: {error}"
        told = SaturnError(
            "bad-entry-point",
            f"{self.name!r}, which the package {self.package} brings as one of "
            f"{self._entry.group}, {why}{said}.",
            f"Update that package, or uninstall it: pip uninstall {self.package.split()[0]}",
        )
        if error is not None:
            told.traceback = failure_of(error).get("traceback")
        return told


def plugin_entries(group: str) -> list[PluginEntry]:
    """The entry points of a group, by name and package; unchecked."""
    entries = map(PluginEntry, metadata.entry_points(group=group))
    return sorted(entries, key=lambda each: (each.name, each.package))


def make_entries(group: str, taken: Container[str]) -> list[tuple[PluginEntry, Any]]:
    """The entry points of a group, each with an instance of its class.

    Parameters
    ----------
    taken
        Names that come with this package.

    Raises
    ------
    SaturnError
        ``bad-entry-point``, naming the package, when one cannot be made or has a name that is
        taken, by this package or by another.
    """
    made: list[tuple[PluginEntry, Any]] = []
    for entry in plugin_entries(group):
        if entry.name in taken:
            raise entry.refused("has the name of one that comes with jupyterlab_saturn")
        if made and made[-1][0].name == entry.name:
            raise entry.refused(f"has the name of one of the package {made[-1][0].package}")
        made.append((entry, entry.make()))
    return made
