"""`%%saturn task`: tasks of the function that a cell defines."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any, cast

from ..errors import SaturnError
from .display import View, note
from .session import Session
from .sweep import parse_sweep
from .wish_options import wishes_of
from .wishes import TaskWishes


def make(shell: Any, session: Session, line: str, options: Mapping[str, Any], cell: str) -> View:
    """Run a cell and make tasks of its function.

    Parameters
    ----------
    shell
        IPython's shell.
    line
        What stands behind `%%saturn`.
    options
        Those of the line.
    cell
        What follows the line; empty when the function is one of the notebook's.

    Raises
    ------
    SaturnError
        ``cell-failed`` or ``no-function``, and what `Session.add` raises.
    """
    sweep = parse_sweep(options["sweep"]) if "sweep" in options else None
    name = options.get("factory") or _last_function(shell, cell)
    # The comment keeps line numbers in tracebacks as they are in the cell.
    result = shell.run_cell(f"# %%saturn {line}\n{cell}", store_history=False)
    if not result.success:
        error = result.error_before_exec or result.error_in_exec
        raise SaturnError(
            "cell-failed",
            f"The cell raised {type(error).__name__}, so no task was added.",
            "Its traceback is above.",
        )
    function = shell.user_ns.get(name)
    if function is None:
        raise SaturnError(
            "no-function",
            f"There is no function {name!r}.",
            "Name one that the notebook defines, or leave --factory out.",
        )
    try:
        return session.add(
            function,
            sweep,
            points=options.get("points"),
            search=options.get("search"),
            by=options.get("by"),
            stop=options.get("stop"),
            epochs=options.get("epochs"),
            steps=options.get("steps"),
            seed=options.get("seed", 0),
            native=options.get("native", False),
            replace=options.get("replace", False),
            origin=_cell_id(shell),
            wait=options.get("wait", False),
            **cast(TaskWishes, wishes_of(options)),
        )
    except KeyboardInterrupt:
        return note("Interrupted. Tasks added so far are built meanwhile: %saturn status")


def _last_function(shell: Any, cell: str) -> str:
    try:
        tree = ast.parse(shell.transform_cell(cell))
    except SyntaxError:
        return ""  # running the cell shows where it is
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    names = [each.name for each in tree.body if isinstance(each, functions)]
    if not names:
        raise SaturnError(
            "no-function",
            "The cell defines no function, so there is nothing to make tasks of.",
            "Define one that returns a Task, or name one with --factory.",
        )
    return names[-1]


def _cell_id(shell: Any) -> str | None:
    """Id of the notebook cell that runs, when the front end tells it."""
    get_parent = getattr(shell, "get_parent", None)
    metadata = (get_parent() or {}).get("metadata", {}) if get_parent else {}
    return metadata.get("cellId")
