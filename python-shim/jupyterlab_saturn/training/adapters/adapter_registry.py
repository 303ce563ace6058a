"""Which adapters there are, and which of them an object is for."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, cast

from ...errors import SaturnError
from ...plugins import PluginEntry, PluginFile, make_entries, plugin_files
from ...task import Task
from .adapter import Adapter
from .plain_task import completed

GROUP = "jupyterlab_saturn.adapters"
"""Entry points of packages that bring adapters."""


def adapt(made: Any) -> Any:
    """The Task that what a factory made stands for; `made` itself when it stands for none.

    A Task is one, whoever made it. Anything else is for the adapter of another package that
    claims it; failing that, for the first of this package that does, by file name. So a package
    can have its own subclass of a ``Trainer`` adapted in its own way.

    Raises
    ------
    SaturnError
        As the adapter; ``bad-entry-point`` when an adapter of another package cannot be loaded,
        fails when it is asked, or makes no Task; ``ambiguous-task`` when several packages claim
        the object.
    """
    if not isinstance(made, Task):
        made = _adapted(made)
    return completed(made) if isinstance(made, Task) else made


def _adapted(made: Any) -> Any:
    claiming = [each for each in installed_adapters() if _claims(*each, made)]
    if len(claiming) > 1:
        packages = " and ".join(entry.package for entry, _ in claiming)
        raise SaturnError(
            "ambiguous-task",
            f"Adapters of {packages} both claim a {_kind(made)}, so which is meant is not known.",
            "Uninstall one of them, or have the factory return a Task.",
        )
    for entry, adapter in claiming:
        task = adapter.adapt(made)
        if not isinstance(task, Task):
            raise entry.refused(f"made a {_kind(task)} of a {_kind(made)}, not a Task")
        return task
    own = next((adapter for adapter in _built_in() if adapter.claims(made)), None)
    return made if own is None else own.adapt(made)


def _claims(entry: PluginEntry, adapter: Adapter, made: Any) -> bool:
    try:
        return bool(adapter.claims(made))
    except Exception as error:
        raise entry.refused(f"cannot say whether it claims a {_kind(made)}", error) from error


@cache
def installed_adapters() -> list[tuple[PluginEntry, Adapter]]:
    names = {file.module for file in _files()}
    return [(entry, _complete(entry, made)) for entry, made in make_entries(GROUP, names)]


def _complete(entry: PluginEntry, made: Any) -> Adapter:
    for name in ("claims", "adapt"):
        if not callable(getattr(made, name, None)):
            raise entry.refused(f"is no adapter: it has no {name}")
    return cast(Adapter, made)


@cache
def _built_in() -> list[Adapter]:
    """Each found in its file, so that a file is all there is to add."""
    return [cast(Adapter, file.make(str(__package__))) for file in _files()]


@cache
def _files() -> list[PluginFile]:
    return plugin_files(Path(__file__).parent, "Adapter")


def _kind(thing: Any) -> str:
    return type(thing).__name__
