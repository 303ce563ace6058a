"""What type checkers know of the wire: all that the schema says, and mypy holds code to it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jupyterlab_saturn
import pytest
from jupyterlab_saturn.generated import wire_types

PACKAGE = Path(jupyterlab_saturn.__file__).parent
ROOT = Path(__file__).parents[2]
SCHEMA: Any = json.loads((PACKAGE / "generated" / "schema.json").read_text("utf-8"))
OBJECTS = {name: each for name, each in SCHEMA["definitions"].items() if "properties" in each}

SNIPPET = """
from __future__ import annotations

from typing import TYPE_CHECKING, assert_type

from jupyterlab_saturn import wire

if TYPE_CHECKING:
    from jupyterlab_saturn.generated.wire_types import (
        EngineMessage,
        Inspect,
        SessionState,
        Strategy,
    )


def told(message: EngineMessage) -> None:
    match message["type"]:
        case "inspect":
            assert_type(message["body"], Inspect)
            message["body"]["graceSeconds"]  # wrong: typeddict-item
        case "group.stop":
            print(message["body"]["graceSeconds"])
    if message["type"] == "error":
        print(message["body"]["error"]["code"])
        print(message["body"]["code"])  # wrong: typeddict-item


def look(state: SessionState) -> None:
    assert_type([task["spec"]["name"] for task in state["tasks"]], list[str])
    print(state["tsks"])  # wrong: typeddict-item
    print(state["goal"] == "ploan")  # wrong: comparison-overlap


def choose() -> Strategy:
    strategy: Strategy = {"technique": "ddp", "devices": 2}
    strategy["knobs"] = {"stages": 2}
    strategy["device"] = 2  # wrong: typeddict-unknown-key
    return {"technique": "ddp"}  # wrong: typeddict-item


wire.encode("client", wire.message("client", "run", {"tasks": ["a"]}))
wire.encode("client", wire.message("client", "ping"))
wire.message("client", "run", {"task": "a"})  # wrong: call-overload
wire.message("client", "runs", {"tasks": ["a"]})  # wrong: call-overload
wire.message("agent", "run", {"tasks": ["a"]})  # wrong: call-overload
print(wire.decode("engine", b"")["boddy"])  # wrong: typeddict-item
"""


@pytest.mark.parametrize("name", OBJECTS)
def test_a_type_has_the_members_of_its_definition(name: str) -> None:
    hints = typing.get_type_hints(getattr(wire_types, name), include_extras=True)
    assert list(hints) == list(OBJECTS[name]["properties"])
    optional = {key for key, hint in hints.items() if typing.get_origin(hint) is typing.NotRequired}
    assert optional == set(hints) - set(OBJECTS[name].get("required", ()))


def test_each_definition_has_a_type() -> None:
    for name in SCHEMA["definitions"]:
        assert hasattr(wire_types, name), name
    assert typing.get_args(wire_types.Goal) == ("none", "profile", "plan", "run")
    assert wire_types.Metrics == dict[str, float | None]


def test_mypy_sees_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "snippet.py").write_text(SNIPPET, "utf-8")
    config = str(PACKAGE.parent / "pyproject.toml")
    modules = [f"jupyterlab_saturn.{name}" for name in ("wire", "errors", "generated.wire_types")]
    # The others, and with them torch, would take minutes and are not asked for.
    options = ["--config-file", config, "--follow-imports=skip", "--no-incremental"]
    named = [word for module in ("snippet", *modules) for word in ("-m", module)]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, *named],
        env={"MYPYPATH": f"{tmp_path}:{PACKAGE.parent}"},
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    found = re.findall(r"^snippet\.py:(\d+): error: .*\[([a-z-]+)\]$", done.stdout, re.MULTILINE)
    lines = enumerate(SNIPPET.splitlines(), 1)
    wrong = [(str(n), line.split("# wrong: ")[1]) for n, line in lines if "# wrong: " in line]
    assert list(dict.fromkeys(found)) == wrong, done.stdout + done.stderr


def typed_dicts(hint: Any) -> Iterator[type]:
    """The typed dictionaries a type is made of, without what those are made of."""
    if typing.is_typeddict(hint):
        yield hint
    for part in typing.get_args(hint):
        yield from typed_dicts(part)


def test_the_reference_names_every_type_of_a_sessions_state() -> None:
    found: dict[str, type] = {}
    pending: list[type] = [wire_types.SessionState]
    while pending:
        each = pending.pop()
        if each.__name__ not in found:
            found[each.__name__] = each
            hints = typing.get_type_hints(each).values()
            pending.extend(part for hint in hints for part in typed_dicts(hint))
    page = (ROOT / "docs" / "reference" / "state.rst").read_text("utf-8")
    (members,) = re.findall(r":members: (.+)", page)
    assert sorted(members.split(", ")) == sorted(found)
