"""What the long examination says of what goes wrong, and on which devices it has it tried."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jupyterlab_saturn.doctor import deep_exercises, memory_exercises, technique_exercise
from jupyterlab_saturn.doctor.defaults_check import check_defaults
from jupyterlab_saturn.doctor.finding import Finding
from jupyterlab_saturn.doctor.memory_exercises import memory, shared_gpu
from jupyterlab_saturn.doctor.probe_program import told_by
from jupyterlab_saturn.doctor.technique_exercise import every_setting
from jupyterlab_saturn.errors import SaturnError

GPU = {"id": "cuda0", "kind": "cuda", "name": "H100", "memoryBytes": 80 << 30, "uuid": "GPU-1"}
CPU = {"id": "cpu0", "kind": "cpu", "name": "core", "memoryBytes": 1 << 20, "cores": [0]}
MIB = 1 << 20


class FakeBench:
    """A bench whose trials end as they are told to."""

    def __init__(self, device: Any, *cells: Any) -> None:
        self.devices = [device]
        self.kind = device["kind"]
        self.most = 1
        self.tried: list[Any] = []
        self._cells = list(cells)

    def hold(self) -> Any:
        return contextlib.nullcontext()

    def spec(self, factory: Any, **params: Any) -> Any:
        return params

    async def trial(self, spec: Any, strategy: Any) -> Any:
        self.tried.append(spec)
        return self._cells.pop(0)

    async def inspect(self, spec: Any) -> Any:
        single = {"technique": "single", "devices": 1}
        return {"feasibility": [{"strategy": single, "feasible": True, "estimateBytes": 70}]}


def done(exercise: Any, bench: FakeBench) -> Finding:
    finding: Finding = asyncio.run(exercise(bench))
    return finding


def told_of(checks: dict[str, str | None], monkeypatch: pytest.MonkeyPatch, device: Any) -> Any:
    """What is said of a technique, of which these checks failed, and what was asked."""
    asked: list[Any] = []

    async def answer(*words: str, **options: Any) -> str:
        asked.append((words, options))
        told = [
            {"name": name, "passed": problem is None, "detail": problem or "It is."}
            for name, problem in checks.items()
        ]
        return json.dumps({"checks": told})

    monkeypatch.setattr(technique_exercise, "told_by", answer)
    return done(every_setting("ddp"), FakeBench(device)), asked[0]


def test_ranks_of_techniques_share_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    finding, (words, options) = told_of({"runs": None, "random": None}, monkeypatch, GPU)
    assert finding.status == "ok"
    assert words[1:6] == ("ddp", "--devices", "2,4", "--kind", "cuda")
    assert options["variables"] == {"CUDA_VISIBLE_DEVICES": "GPU-1"}


@pytest.mark.parametrize(
    ("failed", "status", "seen"),
    [("random", "broken", "random: on 2: hung"), ("runs", "broken", "runs: on 2: hung")],
)
def test_what_a_technique_does_wrong_is_told(
    failed: str, status: str, seen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = {"runs": None, "random": None, failed: "on 2: hung"}
    finding, _ = told_of(checks, monkeypatch, CPU)
    assert (finding.status, finding.seen) == (status, seen)


def test_a_technique_that_nothing_can_be_tried_with_is_no_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    finding, _ = told_of({"runs": "it can run nothing (on 1: no)"}, monkeypatch, CPU)
    assert finding.status == "ok" and "Not tried here" in finding.seen


@pytest.mark.parametrize(
    ("code", "codes", "fails"),
    [
        ("print(1)", (0,), False),
        ("print(1); raise SystemExit(1)", (0, 1), False),
        ("print(1); raise SystemExit('no more')", (0,), True),
        ("raise SystemExit('no more')", (0, 1), True),
    ],
)
def test_a_program_that_fails_is_told_with_its_last_words(
    code: str, codes: tuple[int, ...], fails: bool, tmp_path: Path
) -> None:
    (tmp_path / "saying.py").write_text(code)
    asking = told_by("saying", seconds=20, variables={"PYTHONPATH": str(tmp_path)}, codes=codes)
    if not fails:
        assert asyncio.run(asking) == "1\n"
        return
    with pytest.raises(SaturnError, match="no more") as caught:
        asyncio.run(asking)
    assert caught.value.code == "probe-failed"


def test_a_program_that_hangs_is_ended(tmp_path: Path) -> None:
    (tmp_path / "sleeping.py").write_text("import time; time.sleep(60)")
    with pytest.raises(SaturnError) as caught:
        asyncio.run(told_by("sleeping", seconds=0.5, variables={"PYTHONPATH": str(tmp_path)}))
    assert caught.value.code == "probe-hung"


class FakeBallast:
    def kill(self) -> None:
        """Nothing is there to be killed."""

    async def wait(self) -> None:
        """It is over at once."""


@pytest.mark.parametrize(
    ("code", "freed", "status"),
    [("device-shared", True, "ok"), ("device-shared", False, "warning"), ("x", True, "broken")],
)
def test_memory_of_another_program(
    code: str, freed: bool, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = iter([MIB, *([40_000 * MIB] * 1000 if not freed else [40_000 * MIB, 2 * MIB])])

    @contextlib.asynccontextmanager
    async def ballast(device: object) -> Any:
        yield FakeBallast()

    monkeypatch.setattr(memory_exercises, "_ballast", ballast)
    monkeypatch.setattr(memory_exercises, "_used", lambda _: next(used))
    monkeypatch.setattr(memory_exercises, "_RELEASE_SECONDS", 1.0)
    shared = {"status": "failed", "error": {"code": code, "message": "It is."}}
    bench = FakeBench(GPU, shared, {"status": "ok"})
    finding = done(shared_gpu, bench)
    assert finding.status == status
    assert bench.tried[0] == {"memory_bytes": 60 << 30}
    assert (status == "broken") or len(bench.tried) == 2


def test_no_gpu_is_shared_where_there_is_none() -> None:
    assert "Not tried" in done(shared_gpu, FakeBench(CPU)).seen


@pytest.mark.parametrize(("peak", "status"), [(100, "ok"), (50, "warning")])
def test_an_estimate_is_no_more_than_was_needed(peak: int, status: str) -> None:
    finding = done(memory, FakeBench(CPU, {"status": "ok", "peakBytes": peak}))
    assert finding.status == status


def test_ballast_is_held_until_its_input_ends() -> None:
    program = subprocess.Popen(
        [sys.executable, "-m", memory_exercises._BALLAST, json.dumps(CPU), "0.5"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == b"524288\n"
    assert program.poll() is None
    program.communicate()
    assert program.returncode == 0


def test_settings_of_ones_own_win() -> None:
    node: Any = {"devices": [GPU]}
    plain = check_defaults(node, {})
    for word in ("pinned", "NCCL_SOCKET_IFNAME==lo", "NCCL_DEBUG=WARN", "expandable_segments:True"):
        assert word in plain.seen
    own = check_defaults(node, {"NCCL_DEBUG": "INFO", "PYTORCH_ALLOC_CONF": "backend:native"})
    assert "NCCL_DEBUG=INFO (yours)" in own.seen
    assert "PYTORCH_ALLOC_CONF=backend:native (yours)" in own.seen
    assert "expandable" not in own.seen
    assert "NCCL" not in check_defaults({**node, "devices": [CPU]}, {}).seen


@pytest.mark.parametrize(
    ("trial", "real", "status", "said"),
    [
        (0.1, 0.1, "ok", "in its trial"),
        (0.1, 0.2, "warning", "+100%"),
        (0.0013, 0.0026, "ok", "mostly agreement"),
    ],
)
def test_steps_too_short_to_tell_of_the_machine_are_no_warning(
    monkeypatch: pytest.MonkeyPatch, trial: float, real: float, status: str, said: str
) -> None:
    steps = 100
    times = iter([0.0, steps * real])
    monkeypatch.setattr(deep_exercises.time, "monotonic", lambda: next(times))
    monkeypatch.setattr(deep_exercises, "_TRUTH_SECONDS", 1e9)

    class Bench:
        def spec(self, *_: Any) -> Any:
            return {}

        async def trial(self, *_: Any) -> Any:
            return {"status": "ok", "stepSeconds": trial}

        async def train(self, *_: Any, heard: Any, **__: Any) -> Any:
            heard(None, {})
            heard(None, {})
            return {"kind": "stopped", "step": steps}

    bench: Any = Bench()
    # Not by asyncio, whose loop looks at the clock, too.
    finding: Any = None
    try:
        deep_exercises.truth(bench).send(None)
    except StopIteration as done:
        finding = done.value
    assert finding.status == status
    assert said in finding.seen
