"""The ways to run a task, by name: of this package, of others, and the user's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from ... import technique_catalogue
from ...errors import Json, SaturnError
from ...plugins import make_entries
from .custom import InstalledTechnique, load_technique, require_complete
from .technique import Technique

TECHNIQUES: dict[str, Technique] = {
    name: entry.file.make(str(__package__))
    for name, entry in technique_catalogue.built_in().items()
}
"""Those that come with this package, each found in its file."""


@cache
def installed_techniques() -> dict[str, InstalledTechnique]:
    """Those that other packages bring by entry points.

    Raises
    ------
    SaturnError
        ``bad-entry-point``, naming the package, when one cannot be made, is no technique, or has
        a name that is taken or not that of the entry point.
    """
    techniques: dict[str, InstalledTechnique] = {}
    for entry, made in make_entries(technique_catalogue.GROUP, TECHNIQUES):
        try:
            require_complete(made, f"{type(made).__module__}:{type(made).__qualname__}")
        except SaturnError as error:
            raise entry.refused("is no technique", error) from error
        if made.name != entry.name:
            raise entry.refused(f"calls itself {made.name!r}")
        techniques[entry.name] = InstalledTechnique(made, entry.package)
    return techniques


def catalogue(specs: Sequence[Json] = ()) -> dict[str, Technique]:
    """All techniques there are, those of wire ``TechniqueSpec`` objects last.

    Raises
    ------
    SaturnError
        ``bad-technique``, as `load_technique` and `require_free`; ``bad-entry-point``, as
        `installed_techniques`.
    """
    return _beside({**TECHNIQUES, **installed_techniques()}, specs)


def find(name: str, specs: Sequence[Json] = ()) -> Technique:
    """The technique of a name. Raises SaturnError ``unknown-technique``, or as `catalogue`."""
    techniques = _beside(TECHNIQUES, specs)
    if name not in techniques:
        # Only now: to look for entry points takes a while, and few strategies need them.
        techniques = catalogue(specs)
    if name not in techniques:
        raise SaturnError(
            "unknown-technique",
            f"There is no technique {name!r}.",
            f"There are: {', '.join(techniques)}.",
        )
    return techniques[name]


def require_free(name: str, techniques: Mapping[str, Technique]) -> None:
    """Raises SaturnError ``bad-technique`` when a technique of a package has that name."""
    if name in techniques:
        raise SaturnError(
            "bad-technique",
            f"{name!r} is the name of a technique that comes with "
            f"{technique_catalogue.owner_of(name)}.",
            "Give yours another name.",
        )


def _beside(techniques: Mapping[str, Technique], specs: Sequence[Json]) -> dict[str, Technique]:
    """Techniques of packages, and those of the user's own."""
    for spec in specs:
        require_free(spec["name"], techniques)
    return {**techniques, **{spec["name"]: load_technique(spec) for spec in specs}}
