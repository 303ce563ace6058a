"""Whatever is killed, whenever: training goes on from the last commit and ends up the same."""

from __future__ import annotations

import json
import random
import signal
import sys
from collections.abc import Iterator
from typing import Any

import cloudpickle
import pytest
import torch
from jupyterlab_saturn.task import Task
from training_tasks import mlp
from work import Workshop, kinds, workshop

cloudpickle.register_pickle_by_value(sys.modules[__name__])


@pytest.fixture(scope="module")
def work() -> Iterator[Workshop]:
    with workshop() as work:
        yield work


def mortal(script: str) -> Task:
    """A task whose rank is killed at the call of a function that a script names by its number.

    Of a run that survives, the script's neighbour gets the number of all calls.
    """
    import json
    import os
    import sys
    from pathlib import Path

    import torch.distributed as dist

    file = Path(script)
    rank = dist.get_rank() if dist.is_initialized() else 0
    fate = json.loads(file.read_text()).get(str(rank)) if file.exists() else None
    calls = 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")
        if calls == fate:
            os.kill(os.getpid(), signal.SIGKILL)

    def note(outputs: Any, targets: Any) -> float:
        file.with_suffix(".calls").write_text(str(calls))
        return 0.0

    sys.setprofile(count)
    return mlp(metrics={"note": note})


@pytest.mark.parametrize(("technique", "devices"), [("single", 1), ("ddp", 2), ("fsdp", 2)])
def test_killed_at_random_points_the_weights_are_the_same_to_the_bit(
    work: Workshop, technique: str, devices: int
) -> None:
    chance = random.Random(technique)
    reference = work.spec(mortal, f"whole-{technique}", script=str(work.script))
    assert kinds(work.attempt(reference, technique, devices))[-1] == "finished"
    calls = int(work.script.with_suffix(".calls").read_text())

    spec = work.spec(mortal, f"killed-{technique}", script=str(work.script))
    ends = []
    saved = 0
    for _ in range(4):
        fate = chance.randrange(1, calls // 2)
        work.script.write_text(json.dumps({str(chance.randrange(devices)): fate}))
        events = work.attempt(spec, technique, devices)
        assert [e["step"] for e in events if e["kind"] == "started"] in ([], [saved])
        saved = max([saved, *(e["step"] for e in events if e["kind"] == "checkpoint")])
        ends.append(events[-1]["kind"])
        if ends[-1] == "finished":
            break
        assert "SIGKILL" in events[-1]["error"]["message"]
    assert ends.count("lost") >= 3
    work.script.unlink()
    if ends[-1] == "lost":
        assert kinds(work.attempt(spec, technique, devices))[-1] == "finished"
    for name, tensor in work.weights(reference).items():
        assert torch.equal(work.weights(spec)[name], tensor)
