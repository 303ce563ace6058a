"""Techniques that other packages bring are there by being installed; broken ones name theirs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import jupyterlab_saturn
import pytest
from installed_package import install, installed_from
from jupyterlab_saturn import technique_catalogue, wire
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.kernel import completion
from jupyterlab_saturn.kernel.session import Session as KernelSession
from jupyterlab_saturn.training.conformance.checks import CHECKS
from jupyterlab_saturn.training.conformance.report import look_into, subject_of
from jupyterlab_saturn.training.conformance.test_bench import TestBench
from jupyterlab_saturn.training.techniques import TECHNIQUES, catalogue, find
from ranks import Session, finish
from real_zygote import ZygoteClient
from training_tasks import mlp

SOURCE = '''"""A technique."""

from jupyterlab_saturn.training.techniques import BaseTechnique, Runner


class Half(BaseTechnique):
    name = "half"

    def feasible(self, task, devices, kind):
        return None if devices == 1 else "it is for one device"

    def build(self, task, context):
        return Runner(task, task.model.to(context.device), context)


class Nothing:
    name = "nothing"
'''


@pytest.fixture
def packages(tmp_path: Path) -> Iterator[Path]:
    """A folder on the path, with a package that brings one technique."""
    install(tmp_path, "saturn-halves", SOURCE, techniques={"half": "Half"})
    with installed_from(tmp_path):
        yield tmp_path


def test_it_is_inspected_and_trains_by_itself(packages: Path) -> None:
    session, zygote = Session(), ZygoteClient()
    try:
        task = session.spec(mlp, "plain")
        inspection = session.start({"kind": "inspect", "tasks": [task], "maxDevices": 2}, zygote)
        assert inspection.wait() == [0]
        found = inspection.of("inspected")[0]["result"]["inspection"]
        wire.validate("Inspection", found)
        assert found["packages"] == {"half": "saturn-halves 0.1"}
        half = [each for each in found["feasibility"] if each["strategy"]["technique"] == "half"]
        assert [each["feasible"] for each in half] == [True, False]
        assert half[1]["reason"] == "it is for one device"

        finish(session.train(task, "single", zygote=zygote))
        theirs = {**task, "name": "theirs"}
        finish(session.train(theirs, "half", zygote=zygote))
        expected = session.weights(task)
        assert all((session.weights(theirs)[n] == w).all() for n, w in expected.items())
    finally:
        zygote.close()
        session.close()


def test_the_notebook_knows_it_by_name(
    packages: Path, session: KernelSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert technique_catalogue.names() == [*TECHNIQUES, "half"]
    for line in ("%saturn technique check ha", "%saturn profile --exclude ha"):
        event = SimpleNamespace(text_until_cursor=line)
        assert "half" in completion.complete(event, None, {}), line
    with pytest.raises(SaturnError) as caught:
        session.techniques.register("mine:Half")
    assert caught.value.message == "'half' comes with the package saturn-halves 0.1."
    with pytest.raises(SaturnError) as caught:
        session.techniques.check("halve")
    assert "fsdp-tensor, native, half" in (caught.value.hint or "")


def test_its_promises_can_be_tried(packages: Path) -> None:
    with TestBench() as bench:
        candidate = subject_of(find("half"), bench, (1,))
        (check,) = [check for check in CHECKS if check.name == "gradients"]
        found = look_into(check, candidate)
    assert found.passed, found.detail


def test_a_name_of_theirs_is_taken(packages: Path) -> None:
    spec = {"name": "half", "target": "saturn_halves:Half"}
    with pytest.raises(SaturnError) as caught:
        catalogue([spec])
    assert "comes with the package saturn-halves 0.1" in caught.value.message


@pytest.mark.parametrize(
    ("name", "source", "entries", "words"),
    [
        ("gone", "import nothing_like_it", {"gone": "Gone"}, "No module named 'nothing_like_it'"),
        ("gone", "", {"gone": "Gone"}, "has no attribute 'Gone'"),
        ("quits", "raise SystemExit(2)", {"quits": "Quits"}, "SystemExit: 2"),
        ("ddp", SOURCE, {"ddp": "Half"}, "has the name of one that comes with jupyterlab_saturn"),
        ("half", SOURCE, {"half": "Half"}, "has the name of one of the package saturn-halves 0.1"),
        ("other", SOURCE, {"other": "Half"}, "calls itself 'half'"),
        ("none", SOURCE, {"nothing": "Nothing"}, "has no feasible, choices, estimate and build"),
    ],
)
def test_what_is_wrong_with_it_is_told_with_its_package(
    packages: Path, name: str, source: str, entries: dict[str, str], words: str
) -> None:
    install(packages, f"saturn-zz-{name}", source, techniques=entries)
    with pytest.raises(SaturnError) as caught:
        catalogue()
    assert caught.value.code == "bad-entry-point"
    assert f"the package saturn-zz-{name} 0.1" in caught.value.message
    assert words in caught.value.message
    assert f"pip uninstall saturn-zz-{name}" in (caught.value.hint or "")
    # What does not need it goes on.
    assert find("ddp") is TECHNIQUES["ddp"]


def test_a_technique_of_the_package_is_one_file(tmp_path: Path) -> None:
    """In a copy of the package: ranks, the notebook and what the front end is built with."""
    home = tmp_path / "jupyterlab_saturn"
    leave = shutil.ignore_patterns("__pycache__", "labextension", "engine")
    shutil.copytree(Path(jupyterlab_saturn.__file__).parent, home, ignore=leave)
    texture = 'order = 15\n    texture = Texture(path="M0 0H4", size=4, stroke=1)\n'
    source = (
        SOURCE.replace(
            "from jupyterlab_saturn.training.techniques import BaseTechnique, Runner",
            "from .runner import Runner\nfrom .technique import BuiltInTechnique, Texture",
        )
        .replace("(BaseTechnique)", "(BuiltInTechnique)")
        .replace('"half"\n', f'"half"\n    {texture}')
    )
    (home / "training" / "techniques" / "half.py").write_text(source)
    code = (
        "import json, sys\n"
        "from jupyterlab_saturn import technique_catalogue\n"
        "names = technique_catalogue.names()\n"
        "assert 'torch' not in sys.modules\n"
        "from jupyterlab_saturn.training.techniques import TECHNIQUES\n"
        "print(json.dumps([names, list(TECHNIQUES)]))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}

    def said(*arguments: str) -> object:
        done = subprocess.run(
            [sys.executable, *arguments],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stdout)

    expected = ["single", "half", *list(TECHNIQUES)[1:]]
    assert said("-c", code) == [expected, expected]
    rows = said("-m", "jupyterlab_saturn.technique_catalogue")
    assert isinstance(rows, list)
    assert [row["name"] for row in rows] == expected
    assert rows[1] == {
        "name": "half",
        "summary": "A technique.",
        "texture": {"path": "M0 0H4", "size": 4, "stroke": 1},
        "spans": False,
    }
