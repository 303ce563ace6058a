"""Techniques of the user's own: registered with a session, and checked on their own."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from .. import technique_catalogue
from ..errors import Json, SaturnError
from .check_report import CheckReport
from .display import View

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_TARGET = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_]*")
_CONFORMANCE = "jupyterlab_saturn.training.conformance"

#: Registers specs, forgets names, and waits until the tasks are inspected; the state then.
Change = Callable[[list[Json], list[str]], Json]


class TechniqueRegistry:
    """The techniques of a session, beside those that come with the package.

    Every method raises SaturnError with what went wrong and what to do next.
    """

    def __init__(
        self, change: Change, known: Callable[[], list[Json]], render: Callable[[], View]
    ) -> None:
        self._change = change
        self._known = known
        self._render = render

    def register(self, target: str, name: str | None = None) -> View:
        """Use a class of a module that can be imported where the notebook runs.

        Parameters
        ----------
        target
            ``module:Class``.
        name
            What strategies call it: the ``name`` of the class. The class's own name in lower
            case, words joined by dashes, when None.
        """
        if not _TARGET.fullmatch(target):
            raise _bad(f"{target!r} is no import path of a class.", "Write module:Class.")
        if name is None:
            name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", target.split(":")[1]).lower()
        return self._set({"name": _checked(name), "target": target})

    def define(self, name: str, source: str) -> View:
        """Use a class given by the source of its module: plain Python with its own imports.

        Parameters
        ----------
        name
            The ``name`` of the class.
        source
            The last class it defines is the technique.
        """
        cls = _technique_class(_checked(name), source)
        module = name.replace("-", "_")
        return self._set({"name": name, "target": f"{module}:{cls}", "source": source})

    def remove(self, name: str) -> View:
        """Forget a technique; tasks not yet trained are inspected again."""
        self._change([], [name])
        return self._render()

    def check(self, name: str, devices: Iterable[int] | int | None = None) -> CheckReport:
        """Try whether a technique keeps its promises, with real ranks on the CPU.

        Parameters
        ----------
        name
            Of a registered technique, of one that a package brings, or ``module:Class``.
        devices
            Numbers of ranks to try; some small ones when None.
        """
        spec = next((each for each in self._known() if each["name"] == name), None)
        there = technique_catalogue.names()
        if spec is None and name not in there and not _TARGET.fullmatch(name):
            known = [each["name"] for each in self._known()]
            raise SaturnError(
                "unknown-technique",
                f"There is no technique {name!r}.",
                f"There are: {', '.join([*known, *there])}; or write module:Class.",
            )
        with tempfile.TemporaryDirectory(prefix="saturn-") as folder:
            target = name if spec is None else spec["target"]
            arguments = [target, "--json", *_device_options(devices)]
            if spec is not None and "source" in spec:
                source = Path(folder) / "technique.py"
                source.write_text(spec["source"], encoding="utf-8")
                arguments += ["--source", str(source)]
            return CheckReport(_examined(arguments))

    def _set(self, spec: Json) -> View:
        state = self._change([spec], [])
        broken = next(filter(None, map(_fault, state["tasks"])), None)
        if broken is not None:
            # Left in, it would keep every task from being built.
            self._change([], [spec["name"]])
            raise SaturnError.from_json(broken)
        return self._render()

    def shown(self) -> View:
        """The techniques there are, and how many tasks each can run."""
        return self._render()

    def __repr__(self) -> str:
        return repr(self._render())

    def _repr_mimebundle_(self, **options: Any) -> Json:
        return self._render()._repr_mimebundle_(**options)


def _fault(task: Json) -> Json | None:
    error: Json | None = task.get("error")
    return error if error is not None and error["code"] == "bad-technique" else None


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise _bad(
            f"{name!r} is no name of a technique.",
            "Use up to 40 small letters, digits, dashes and underscores, a letter first.",
        )
    owner = technique_catalogue.owner_of(name)
    if owner is not None:
        raise _bad(f"{name!r} comes with {owner}.", "Give yours another name.")
    return name


def _technique_class(name: str, source: str) -> str:
    """The name of the last class of a source, which must not call itself something else."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise _bad(
            f"Line {error.lineno} of the cell is no Python: {error.msg}.",
            "The cell travels as a module of its own, so magics cannot stand in it.",
        ) from None
    classes = [each for each in tree.body if isinstance(each, ast.ClassDef)]
    if not classes:
        raise _bad(
            "The cell defines no class, so there is no technique in it.",
            "Define one with name, feasible and build: see docs/techniques.md.",
        )
    own = _literal_name(classes[-1])
    if own is not None and own != name:
        raise _bad(
            f"The class {classes[-1].name} calls itself {own!r}.",
            f"Begin the cell with %%saturn technique {own}, or change the name in the class.",
        )
    return classes[-1].name


def _literal_name(cls: ast.ClassDef) -> str | None:
    """What a class assigns to ``name``, if that is written out."""
    for statement in cls.body:
        targets: list[ast.expr] = []
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        value = getattr(statement, "value", None)
        named = any(isinstance(each, ast.Name) and each.id == "name" for each in targets)
        if named and isinstance(value, ast.Constant) and isinstance(value.value, str):
            return value.value
    return None


def _device_options(devices: Iterable[int] | int | None) -> list[str]:
    if devices is None:
        return []
    counts = [devices] if isinstance(devices, int) else list(devices)
    if not counts or min(counts) < 1:
        raise SaturnError(
            "bad-option", "A technique runs on one device at least.", "Write e.g. --devices 1,2"
        )
    return ["--devices", ",".join(map(str, counts))]


def _examined(arguments: list[str]) -> Json:
    """The report of the conformance test, in a process of its own: it imports torch."""
    done = subprocess.run(
        [sys.executable, "-m", _CONFORMANCE, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    try:
        report: Json = json.loads(done.stdout)
    except ValueError:
        error = SaturnError(
            "check-failed",
            f"The check of {arguments[0]} ended without a report (exit status {done.returncode}).",
            "What it wrote is below.",
        )
        error.traceback = done.stderr[-4000:]
        raise error from None
    return report


def _bad(message: str, hint: str) -> SaturnError:
    return SaturnError("bad-technique", message, hint)
