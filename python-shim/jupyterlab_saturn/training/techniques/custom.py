"""Techniques that others bring: the user's own and those of installed packages."""

from __future__ import annotations

import importlib
import linecache
import sys
import types
from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, cast

from ...errors import SaturnError
from ...task import Task
from ..model.memory_estimate import MemoryEstimate
from ..runtime.failure import describe, user_traceback
from .context import Context, Knobs
from .demand import DEMANDS, demands_of
from .runner import Runner
from .technique import Choice, DeviceKind, Technique

if TYPE_CHECKING:
    from ...generated.wire_types import TechniqueSpec

_METHODS = ("feasible", "choices", "estimate", "build")
_ANY_FOOTPRINT = MemoryEstimate(**{each.name: 1 << 20 for each in fields(MemoryEstimate)})


def load_technique(spec: TechniqueSpec) -> Technique:
    """The technique of a wire ``TechniqueSpec``.

    What its methods raise while strategies are looked for makes these infeasible; `build` and
    the runner it makes raise as they are.

    Raises
    ------
    SaturnError
        ``bad-technique``, as `make_technique`, or when it has another name than the spec.
    """
    made = make_technique(spec["target"], spec.get("source"))
    if made.name != spec["name"]:
        raise SaturnError(
            "bad-technique",
            f"{spec['target']} calls itself {made.name!r}, but it is registered as "
            f"{spec['name']!r}.",
            "Register it under the name that the class has.",
        )
    return GuardedTechnique(made)


def make_technique(target: str, source: str | None = None) -> Technique:
    """The technique of a class ``module:Class``, or of a class in the source of a module.

    Raises
    ------
    SaturnError
        ``bad-technique`` when the class cannot be imported or made, or lacks something.
    """
    module, _, name = target.partition(":")
    try:
        space: Any = importlib.import_module(module) if source is None else _module(name, source)
        made = getattr(space, name)()
    except Exception as error:
        failure = describe(error, "bad-technique")
        told = SaturnError(
            "bad-technique",
            f"No technique can be made of {target}: {failure['message']}",
            "It is to be a class that is made without arguments.",
        )
        told.traceback = failure.get("traceback")
        raise told from error
    require_complete(made, target)
    return cast(Technique, made)


def require_complete(made: object, target: str) -> None:
    """Raises SaturnError ``bad-technique`` when an object lacks what a technique has."""
    missing = [
        *([] if isinstance(getattr(made, "name", None), str) else ["name"]),
        *(each for each in _METHODS if not callable(getattr(made, each, None))),
    ]
    if missing:
        raise SaturnError(
            "bad-technique",
            f"The technique {target} has no {_listed(missing)}.",
            "A technique has name, feasible, choices, estimate and build; a subclass of "
            "jupyterlab_saturn.training.techniques.BaseTechnique only needs name, feasible "
            "and build.",
        )
    demands = getattr(made, "demands", ())
    listed = isinstance(demands, Collection) and not isinstance(demands, str)
    if not listed or not all(each in DEMANDS for each in demands):
        raise SaturnError(
            "bad-technique",
            f"The technique {target} demands {demands!r}.",
            f"Its demands are a set of what there is: {_listed(list(DEMANDS))}.",
        )


def _module(name: str, source: str) -> types.ModuleType:
    """A module of a notebook cell's source, whose lines tracebacks show."""
    file = f"<technique {name}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    module = types.ModuleType(f"saturn_technique_{name}")
    sys.modules[module.__name__] = module  # where dataclasses look for what they are made of
    exec(compile(source, file, "exec"), vars(module))
    return module


class GuardedTechnique:
    """A technique of others, whose mistakes cost its own strategies and nothing else."""

    def __init__(self, technique: Technique) -> None:
        self._technique = technique
        self.name = technique.name
        self.demands = demands_of(technique)

    def feasible(self, task: Task, devices: int, kind: DeviceKind) -> str | None:
        try:
            reason = self._ask("feasible", task, devices, kind)
            if reason is not None:
                _require("feasible", isinstance(reason, str) and reason != "", "a sentence or None")
                return str(reason)
            choices = self._ask("choices", task, devices)
            _require("choices", _are_choices(choices), "a list of at least one Choice")
            for choice in choices:
                least = self._ask("estimate", _ANY_FOOTPRINT, devices, choice.knobs)
                _require("estimate", isinstance(least, int), "a whole number of bytes")
        except SaturnError as error:
            return error.message
        return None

    def choices(self, task: Task, devices: int) -> list[Choice]:
        return self._technique.choices(task, devices)

    def estimate(self, footprint: MemoryEstimate, devices: int, knobs: Knobs) -> int:
        try:
            return self._technique.estimate(footprint, devices, knobs)
        except Exception:
            return 0  # of this task it cannot be told

    def build(self, task: Task, context: Context) -> Runner:
        return self._technique.build(task, context)

    def _ask(self, method: str, *arguments: object) -> Any:
        try:
            return getattr(self._technique, method)(*arguments)
        except Exception as error:
            frames = user_traceback(error).splitlines()
            place = next((text.strip() for text in frames if text.startswith("  File")), "")
            said = describe(error, "bad-technique")["message"]
            raise SaturnError("bad-technique", f"its {method} raised {said} ({place})") from error


class InstalledTechnique(GuardedTechnique):
    """A technique that another package brings.

    Attributes
    ----------
    package
        Name and version of the package.
    """

    def __init__(self, technique: Technique, package: str) -> None:
        super().__init__(technique)
        self.package = package


def _require(method: str, holds: bool, wanted: str) -> None:
    if not holds:
        raise SaturnError("bad-technique", f"its {method} did not return {wanted}")


def _are_choices(choices: Any) -> bool:
    return (
        isinstance(choices, list)
        and choices != []
        and all(isinstance(each, Choice) and isinstance(each.knobs, Mapping) for each in choices)
    )


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
