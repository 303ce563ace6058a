"""Which techniques there are, read from their files and entry points without importing them.

``python -m jupyterlab_saturn.technique_catalogue`` writes what the front end and the engine are
built with.
"""

from __future__ import annotations

import ast
import json
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from .errors import Json
from .plugins import PluginEntry, PluginFile, plugin_entries, plugin_files

GROUP = "jupyterlab_saturn.techniques"
"""Entry points of packages that bring techniques."""

_NEEDED = object()
_FOLDER = Path(__file__).parent / "training" / "techniques"


@dataclass(frozen=True, kw_only=True)
class BuiltIn:
    """A technique that comes with the package.

    Attributes
    ----------
    summary
        What it is, in a line.
    texture
        Settings of its `Texture`; None for none.
    spans
        Whether its ranks may be on several nodes.
    file
        Where it is, in ``training.techniques``.
    """

    name: str
    order: int
    summary: str
    texture: Json | None
    spans: bool
    file: PluginFile


@cache
def built_in() -> dict[str, BuiltIn]:
    """The techniques that come with the package, by name, in the order of lists.

    Raises
    ------
    ValueError
        When a file does not say what it must, or two say the same name.
    """
    found = sorted(map(_read, plugin_files(_FOLDER, "BuiltInTechnique")), key=lambda it: it.order)
    named = {each.name: each for each in found}
    if len(named) < len(found):
        raise ValueError(f"Techniques share a name: {[each.name for each in found]}")
    return named


def installed() -> list[PluginEntry]:
    """The techniques that other packages bring, unchecked."""
    return plugin_entries(GROUP)


def owner_of(name: str) -> str | None:
    """Words for the package that a technique comes with; None when none brings that name."""
    if name in built_in():
        return "the package"
    return next((f"the package {it.package}" for it in installed() if it.name == name), None)


def names() -> list[str]:
    """Names of the techniques that come with this package and with others."""
    return [*built_in(), *(each.name for each in installed())]


def _read(file: PluginFile) -> BuiltIn:
    summary = (ast.get_docstring(file.tree) or "").partition("\n")[0]
    if not summary:
        raise ValueError(f"{file.module}.py does not begin with a line that says what it is.")
    return BuiltIn(
        name=_value(file, "name"),
        order=_value(file, "order"),
        summary=summary,
        texture=_value(file, "texture"),
        spans=_value(file, "spans", False),
        file=file,
    )


def _value(file: PluginFile, name: str, default: Any = _NEEDED) -> Any:
    """What a class assigns to a name: a literal, or a call with literals, of which a dict."""
    for statement in file.node.body:
        if not isinstance(statement, ast.Assign) or ast.unparse(statement.targets[0]) != name:
            continue
        value = statement.value
        try:
            if isinstance(value, ast.Call):
                return {str(each.arg): ast.literal_eval(each.value) for each in value.keywords}
            return ast.literal_eval(value)
        except ValueError:
            break
    else:
        if default is not _NEEDED:
            return default
    raise ValueError(f"{file.node.name} in {file.module}.py does not write out its {name}.")


def main() -> None:
    """Write what front end and engine know of each technique of the package as JSON to stdout."""
    rows = [
        {
            "name": each.name,
            "summary": each.summary,
            "texture": each.texture,
            "spans": each.spans,
        }
        for each in built_in().values()
    ]
    json.dump(rows, sys.stdout)


if __name__ == "__main__":
    main()
