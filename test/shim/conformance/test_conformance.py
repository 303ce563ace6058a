"""The conformance test: passed by techniques that keep their promises, and by no others."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import broken_techniques
import psutil
import pytest
from broken_techniques import Sound
from fidelity_layouts import PRELOAD
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.training.conformance.__main__ import main
from jupyterlab_saturn.training.conformance.checks import CHECKS
from jupyterlab_saturn.training.conformance.report import Finding, look_into, subject_of
from jupyterlab_saturn.training.conformance.test_bench import TestBench
from jupyterlab_saturn.training.techniques import DEMANDS, TECHNIQUES
from nightly import NIGHTLY, nightly
from waiting import until

GUIDE = Path(__file__).parents[3] / "docs" / "techniques.md"

OWN = {
    each.name: each
    for each in vars(broken_techniques).values()
    if isinstance(each, type) and issubclass(each, Sound)
}


@pytest.fixture(scope="module")
def bench() -> Iterator[TestBench]:
    specs = [
        {"name": name, "target": f"{each.__module__}:{each.__name__}"} for name, each in OWN.items()
    ]
    with TestBench(specs, preload=PRELOAD) as bench:
        yield bench


def findings(
    bench: TestBench, name: str, *checks: str, devices: tuple[int, ...] = (2,)
) -> dict[str, Finding]:
    """What the checks of some names, or all, find in a technique."""
    technique = OWN[name]() if name in OWN else TECHNIQUES[name]
    candidate = subject_of(technique, bench, devices)
    chosen = [check for check in CHECKS if not checks or check.name in checks]
    return {check.name: look_into(check, candidate) for check in chosen}


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", TECHNIQUES if NIGHTLY else ["pipeline"])
def test_the_techniques_of_the_package_conform(bench: TestBench, name: str) -> None:
    checks = () if NIGHTLY else ("runs", "resumes", "last-batch")
    found = findings(bench, name, *checks, devices=(1, 2, 4) if NIGHTLY else (2,))
    assert {check: each.detail for check, each in found.items() if not each.passed} == {}


def test_statistics_are_of_all_groups_that_share_a_model(bench: TestBench) -> None:
    found = findings(bench, "fsdp-tensor", "batch-norm", devices=(4,))
    assert found["batch-norm"].passed, found["batch-norm"].detail
    assert "Not run" not in found["batch-norm"].detail


@pytest.mark.parametrize(
    ("name", "passed", "failed", "said"),
    [
        ("sums", "runs", "gradients", "loss of step 2"),
        ("forgets-schedule", "gradients", "schedule", "loss of step 3"),
        ("loses-moments", "optimizer", "resumes", "loss of step 4"),
        ("loses-moments", "to-single", "from-single", "loss of step 4"),
        ("clips-alone", "gradients", "clipping", "loss of step 2"),
        ("drops-micro-batches", "gradients", "accumulation", "loss of step 1"),
        ("evaluates-twice", "gradients", "evaluation", "metric seen"),
        ("promises-all", "gradients", "uneven-batch", "does not divide evenly"),
        ("averages-means", "gradients", "last-batch", "loss of step 3"),
        ("drops-last-batch", "gradients", "last-batch", "loss of step 3"),
        ("forgets-buffers", "momentum-teacher", "counting-buffer", "passes"),
        ("forgets-extra-state", "extra-state", "counting-extra-state", "loss of step 2"),
        ("normalises-alone", "gradients", "batch-norm", "loss of step 1"),
        ("teaches-first", "counting-buffer", "momentum-teacher", "loss of step 5"),
        ("bold", "counting-buffer", "sample-buffer", "it does not say that it demands"),
        ("bold", "gradients", "contrastive-loss", "that it demands divisible-batch"),
        ("mute", "gradients", "refuses", "is no sentence"),
        ("leaves-process", "gradients", "processes", "still runs"),
        ("raises", "runs", "gradients", "no steps today"),
        ("raises-when-asked", None, "runs", "KeyError"),
    ],
)
def test_a_mistake_is_caught_by_the_name_of_its_check(
    bench: TestBench, name: str, passed: str | None, failed: str, said: str
) -> None:
    found = findings(bench, name, failed, *([passed] if passed else []))
    assert said in found[failed].detail
    assert not found[failed].passed
    assert passed is None or found[passed].passed


def test_what_it_demands_is_not_tried_and_may_be_needless(bench: TestBench) -> None:
    found = findings(bench, "sound", "sample-buffer", "contrastive-loss", "demands")
    assert [each.detail for each in found.values()] == [
        "Not run: it demands equal-state.",
        "Not run: it demands divisible-batch.",
        "It demands what it needs.",
    ]
    shy = findings(bench, "shy", "momentum-teacher", "demands")
    assert all(each.passed for each in shy.values())
    assert shy["momentum-teacher"].detail == "Not run: it demands constant-state."
    assert "trained right without constant-state (momentum-teacher," in shy["demands"].detail


def test_a_hang_ends_and_is_met_once() -> None:
    with TestBench([{"name": "hangs", "target": "broken_techniques:Hangs"}], patience=2.0) as g:
        found = findings(g, "hangs", "gradients", "schedule")
    assert "did not end within 2 seconds" in found["gradients"].detail
    assert found["schedule"].detail.endswith("not tried, since it hung before")


@pytest.mark.timeout(300)
@nightly
def test_the_guides_own_technique_conforms(tmp_path: Path) -> None:
    """The program, on the technique of the guide as a notebook cell would have it."""
    section = GUIDE.read_text().split("## Your own technique in 40 lines", 1)[1]
    match = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert match is not None
    source = match[1]
    assert len(source.splitlines()) <= 40
    name = re.search(r"^class (\w+)\(BaseTechnique\)", source, re.MULTILINE)
    assert name is not None
    (tmp_path / "cell.py").write_text(f"print('hello')\n{source}")
    target, token = f"__main__:{name[1]}", uuid.uuid4().hex
    done = subprocess.run(
        [
            *(sys.executable, "-m", "jupyterlab_saturn.training.conformance", target),
            *("--source", "cell.py", "--devices", "2", "--json"),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "CONFORMANCE_TEST": token},
        capture_output=True,
        text=True,
        timeout=240,
    )
    report: Json = json.loads(done.stdout)
    assert [c for c in report["checks"] if not c["passed"]] == [], done.stderr
    assert [check["name"] for check in report["checks"]] == [check.name for check in CHECKS]
    assert (report["passed"], done.returncode) == (True, 0)
    mark = ("CONFORMANCE_TEST", token)
    until(lambda: not [p for p in psutil.process_iter() if mark in _environment(p).items()])


def test_the_guide_names_every_check_and_demand() -> None:
    told = set(re.findall(r"`([a-z-]+)`", GUIDE.read_text()))
    assert {check.name for check in CHECKS} <= told
    assert set(DEMANDS) <= told


def test_what_is_no_technique_is_told_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "cell.py"
    source.write_text("class Empty:\n    name = 'empty'\n")
    assert main(["__main__:Empty", "--source", str(source)]) == 1
    told = capsys.readouterr().out
    assert "has no feasible, choices, estimate and build" in told
    assert told.endswith("__main__:Empty does not conform.\n")


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return dict(process.environ())
    except psutil.Error:
        return {}
