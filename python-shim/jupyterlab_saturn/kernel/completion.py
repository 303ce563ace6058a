"""Tab completion of `%saturn` lines."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from .. import technique_catalogue
from ..trackers.catalogue import KINDS
from .search import SEARCHES, STOP_RULES
from .technique_magic import ACTIONS
from .verb import Option, Verb
from .verbs import VERBS
from .wish_values import OBJECTIVES

if TYPE_CHECKING:
    from ..generated.wire_types import SessionState


class CompletionEvent(Protocol):
    """What IPython passes to a ``complete_command`` hook."""

    text_until_cursor: str


def complete(
    event: CompletionEvent, state: SessionState | None, names: Mapping[str, Any]
) -> list[str]:
    """What may stand at the cursor; IPython keeps what begins like the word there.

    Parameters
    ----------
    state
        The newest known state of the session, for names of tasks and techniques.
    names
        The notebook's variables, for names of functions.
    """
    words = event.text_until_cursor.split()
    if event.text_until_cursor[-1:].isspace():
        words.append("")
    is_cell = words[0].startswith("%%")
    if len(words) == 2:
        return [verb.name for verb in VERBS if verb.is_cell or not is_cell]
    verb = next((verb for verb in VERBS if verb.name == words[1]), None)
    if len(words) < 2 or verb is None or (is_cell and verb.names):
        return []  # a name alone, which is new
    option = _open_option(verb, words[2:])
    if option is not None and option.kind != "sweep":
        return _values(option, state, names)
    used = set(words[2:-1])
    options = [each.name for each in verb.options if each.name not in used]
    return options + _positional(verb, words[2:-1], state)


def _open_option(verb: Verb, words: list[str]) -> Option | None:
    """The option whose value the last word is."""
    if len(words) < 2 or words[-1].startswith("--"):
        return None
    last = words[-2]
    return next((each for each in verb.options if each.name == last and each.kind != "flag"), None)


def _values(option: Option, state: SessionState | None, names: Mapping[str, Any]) -> list[str]:
    if option.name == "--exclude":
        return ["none", *sorted({*technique_catalogue.names(), *_techniques(state)})]
    if option.name == "--factory":
        return [
            name
            for name, value in names.items()
            if inspect.isfunction(value) and not name.startswith("_")
        ]
    if option.name == "--keep-free":
        return ["none", *(device for _, device in _devices(state))]
    if option.name == "--pin":
        return [
            *(f"technique={name}" for name in technique_catalogue.names()),
            *sorted({f"node={node}" for node, _ in _devices(state)}),
            *(f"device={device}" for _, device in _devices(state)),
        ]
    if option.name == "--node":
        return sorted({node for node, _ in _devices(state)})
    if option.name == "--search":
        return [*SEARCHES]
    if option.name == "--stop":
        return ["none", *STOP_RULES]
    if option.name == "--by":
        return _metrics(state)
    if option.name == "--objective":
        return ["none", *OBJECTIVES]
    if option.name == "--fuse":
        return ["auto", "never"]
    return ["all"] if option.name == "--gpu" else []


def _devices(state: SessionState | None) -> list[tuple[str, str]]:
    """Nodes and ids of the devices."""
    nodes = [] if state is None else state.get("cluster", {"nodes": []})["nodes"]
    return [(node["id"], device["id"]) for node in nodes for device in node["devices"]]


def _positional(verb: Verb, before: list[str], state: SessionState | None) -> list[str]:
    if verb.names == "tasks" and state is not None:
        return [task["spec"]["name"] for task in state["tasks"]]
    if verb.names == "tracker":
        return [kind.name for kind in KINDS]
    if verb.names == "verb":
        return [each.name for each in VERBS]
    if verb.names == "technique":
        own = [] if state is None else [spec["name"] for spec in state.get("techniques", ())]
        if not before:
            return [*ACTIONS]
        return {"remove": own, "check": [*own, *technique_catalogue.names()]}.get(before[0], [])
    return []


def _metrics(state: SessionState | None) -> list[str]:
    """What tasks report, and loss, which all do."""
    tasks = () if state is None else state["tasks"]
    reported = [
        {*(task["result"]["metrics"] if "result" in task else ())}.union(
            *(each["metrics"] for each in task.get("validations", ()))
        )
        for task in tasks
    ]
    return sorted({"loss"}.union(*reported))


def _techniques(state: SessionState | None) -> Iterable[str]:
    for task in () if state is None else state["tasks"]:
        for entry in task["inspection"]["feasibility"] if "inspection" in task else ():
            yield entry["strategy"]["technique"]
