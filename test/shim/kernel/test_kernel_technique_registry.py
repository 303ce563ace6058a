"""Techniques of the user's own, from the notebook's side."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from fakes.engine import FakeEngine
from fakes.shell import Shell
from jupyterlab_saturn import technique_catalogue
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.kernel import technique_registry
from jupyterlab_saturn.kernel.session import Session
from test_kernel_session import make

SOURCE = "import torch.nn\n\n\nclass Helper: ...\n\n\nclass Zero:\n    name = 'zero-one'\n"

#: In place of the conformance test: reports what it was asked.
REPORTER = """
import json, pathlib, sys
options = sys.argv[1:]
source = options[options.index("--source") + 1] if "--source" in options else None
text = "" if source is None else pathlib.Path(source).read_text()
checks = [
    {"name": "asked", "passed": True, "detail": json.dumps(options)},
    {"name": "source", "passed": source is None, "detail": text},
]
passed = all(check["passed"] for check in checks)
print(json.dumps({"technique": options[0], "checks": checks, "passed": passed}))
sys.exit(0 if passed else 1)
"""


@pytest.fixture
def conformance(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module that stands for the conformance test."""
    (home / "reporter.py").write_text(REPORTER)
    monkeypatch.setattr(technique_registry, "_CONFORMANCE", "reporter")
    return home / "reporter.py"


def test_a_cell_travels_as_source_and_is_not_run(shell: Shell, engine: FakeEngine) -> None:
    assert shell.cell("%%saturn technique zero-one\n" + SOURCE) is None
    spec = {"name": "zero-one", "target": "zero_one:Zero", "source": SOURCE}
    assert ("techniques.set", {"techniques": [spec], "remove": []}) in engine.received
    assert shell.texts() == ["the techniques"]
    assert "Zero" not in shell.user_ns
    assert "torch" not in shell.user_ns


def test_a_technique_that_cannot_be_made_is_taken_out_again(
    session: Session, engine: FakeEngine
) -> None:
    session.add(make)
    error = {"code": "bad-technique", "message": "No technique can be made of mine:Zero."}
    ready = engine.inspect
    calls: list[str] = []

    def inspect(spec: dict[str, Any]) -> dict[str, Any]:
        calls.append(spec["name"])
        return {"status": "invalid", "error": error} if len(calls) == 1 else ready(spec)

    engine.inspect = inspect
    with pytest.raises(SaturnError) as caught:
        session.techniques.register("mine:Zero")
    assert (caught.value.code, caught.value.message) == (error["code"], error["message"])
    assert [body["remove"] for type, body in engine.received if type == "techniques.set"] == [
        [],
        ["zero"],
    ]
    assert engine.state["techniques"] == []


def test_the_api_shows_what_is_registered(session: Session, engine: FakeEngine) -> None:
    session.techniques.define("zero-one", SOURCE)
    assert repr(session.techniques) == "the techniques"
    assert session.techniques._repr_mimebundle_()["text/html"] == "<b>the techniques</b>"
    session.techniques.remove("zero-one")
    assert engine.state["techniques"] == []


def test_a_check_runs_in_a_process_of_its_own(
    session: Session, engine: FakeEngine, conformance: Path
) -> None:
    found = session.techniques.check("mine:Zero", [1, 2])
    assert found.passed
    assert json.loads(found.text.splitlines()[0].split("asked", 1)[1]) == [
        *("mine:Zero", "--json", "--devices", "1,2")
    ]
    assert found.text.splitlines()[-1] == "mine:Zero passed all 2 checks."
    assert session.techniques.check("ddp").passed


def test_a_check_of_a_cell_is_given_its_source(
    shell: Shell, engine: FakeEngine, conformance: Path
) -> None:
    shell.cell("%%saturn technique zero-one\n" + SOURCE)
    assert shell.cell("%saturn technique check zero-one --devices 2") is None
    (output,) = shell.outputs
    assert "zero_one:Zero failed 1 of 2 checks." in output["text/plain"]
    assert "✕ failed  source" in output["text/plain"]
    assert "class Zero:" in output["text/plain"]
    assert "<td" in output["text/html"] and "&#x27;zero-one&#x27;" in output["text/html"]


def test_a_check_that_dies_says_what_it_wrote(
    session: Session, engine: FakeEngine, conformance: Path
) -> None:
    conformance.write_text("import sys\nsys.exit('no disk')")
    with pytest.raises(SaturnError) as caught:
        session.techniques.check("ddp")
    assert caught.value.code == "check-failed"
    assert "no disk" in (caught.value.traceback or "")


def test_the_techniques_of_the_package_are_known() -> None:
    """In the order of ranks, and without what these import."""
    from jupyterlab_saturn.training.techniques import TECHNIQUES

    assert list(technique_catalogue.built_in()) == list(TECHNIQUES)
    for name, entry in technique_catalogue.built_in().items():
        technique: Any = TECHNIQUES[name]
        assert (entry.order, entry.file.node.name) == (technique.order, type(technique).__name__)
        assert entry.texture == (technique.texture and asdict(technique.texture))
