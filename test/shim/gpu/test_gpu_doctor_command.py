"""The doctor as a command and as a magic: told as it goes, ended from outside, nothing left."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from fakes.engine import FakeEngine
from fakes.shell import Shell
from jupyterlab_saturn.agent.device_discovery import discover
from jupyterlab_saturn.doctor import command, examination, exercise_process
from jupyterlab_saturn.doctor.deep_exercises import DEEP, killed_rank
from jupyterlab_saturn.doctor.exercise import Exercise
from jupyterlab_saturn.doctor.exercise_process import EXERCISES, exercised
from jupyterlab_saturn.doctor.finding import Finding
from jupyterlab_saturn.doctor.quick_exercises import QUICK
from jupyterlab_saturn.doctor.workbench import Workbench
from jupyterlab_saturn.paths import SessionPaths
from waiting import until

FOUND = (
    Finding("a", "ok", "It is."),
    Finding("b", "warning", "It is slow.", "Wait."),
    Finding("c", "broken", "It is not.", "Mend it."),
)


@pytest.mark.parametrize(("count", "code"), [(2, 0), (3, 1)])
def test_the_command_tells_all_and_writes_a_report(
    count: int,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def examine(deep: bool) -> Iterator[Finding]:
        yield from FOUND[:count]

    monkeypatch.setattr(command, "examine", examine)
    file = tmp_path / "doctor.json"
    assert command.main(["--json", str(file)]) == code
    said = capsys.readouterr().out
    assert "! warning  b" in said and "→ Wait." in said and str(file) in said
    told = json.loads(file.read_text("utf-8"))
    assert [each["status"] for each in told["checks"]] == ["ok", "warning", "broken"][:count]


def test_nothing_that_takes_minutes_is_tried_on_a_broken_machine(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    def checks(*_: object) -> Iterator[tuple[str, object]]:
        yield "c", lambda: FOUND[2]

    monkeypatch.setattr(examination, "_checks", checks)
    told = list(examination.examine(deep=True))
    assert [finding.check for finding in told] == ["c", "exercises"]
    assert not list(home.glob(".saturn-doctor-*"))


def test_a_rank_that_was_not_forked_is_killed_too_and_nobody_else(tmp_path: Path) -> None:
    node: Any = discover({"kind": "cpu", "count": 1})

    async def do() -> Finding:
        paths = SessionPaths("cold", tmp_path / "home")
        async with Workbench(paths, node, forks=False) as bench:
            return await killed_rank(bench)

    with subprocess.Popen(["sleep", "77"]) as bystander:
        try:
            assert asyncio.run(do()).status == "ok"
            assert bystander.poll() is None
        finally:
            bystander.kill()


def test_names_of_exercises_are_unlike() -> None:
    assert len(EXERCISES) == len(QUICK) + len(DEEP)


def is_nap(process: psutil.Process, nap: str) -> bool:
    return nap in (process.info["cmdline"] or ())  # type: ignore[attr-defined]


def test_what_takes_too_long_is_ended_from_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleeper = tmp_path / "sleeper.py"
    nap = f"77.{os.getpid()}"  # by which it is told from those of others
    sleeper.write_text(f"import subprocess\nsubprocess.run(['sleep', {nap!r}])")
    monkeypatch.setattr(exercise_process, "COMMAND", (sys.executable, str(sleeper)))
    slow = Exercise("slow", 1.0, QUICK[0].do, vital=True)
    (finding,) = exercised([slow, *QUICK], SessionPaths("doctor", tmp_path / "home"), {})
    assert finding.status == "broken" and "not over after 1 s" in finding.seen
    until(lambda: not [each for each in psutil.process_iter(["cmdline"]) if is_nap(each, nap)])


def test_a_process_that_dies_is_told_with_its_last_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        exercise_process, "COMMAND", (sys.executable, "-c", "raise SystemExit('no more')")
    )
    first = Exercise("first", 20.0, QUICK[0].do)
    (finding,) = exercised([first], SessionPaths("doctor", tmp_path / "home"), {})
    assert finding.status == "broken" and "no more" in finding.seen


def test_the_magic_shows_a_table(
    shell: Shell, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = [*(finding.to_json() for finding in FOUND), {"verdict": "3 checks.", "file": "x.json"}]
    script = "\n".join(f"print({json.dumps(each)!r})" for each in told)
    real = subprocess.Popen
    asked: list[list[str]] = []

    def popen(arguments: list[str], **options: object) -> object:
        asked.append(arguments)
        return real([sys.executable, "-c", script], **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", popen)
    assert shell.cell("%saturn doctor --json x.json") is None
    assert asked[0][-2:] == ["--json", "x.json"]
    (bundle,) = shell.outputs
    assert "✕ broken" in bundle["text/plain"] and "<th>What to do</th>" in bundle["text/html"]
    assert "For a bug report: x.json" in bundle["text/plain"]
