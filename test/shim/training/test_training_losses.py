"""Whatever is lost, whenever: training goes on from the last commit and ends up the same."""

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
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.task import Task
from nightly import nightly
from training_tasks import mlp
from work import Workshop, kinds, workshop

cloudpickle.register_pickle_by_value(sys.modules[__name__])


@pytest.fixture(scope="module")
def work() -> Iterator[Workshop]:
    with workshop() as work:
        yield work


def assert_same_weights(work: Workshop, spec: Json, reference: Json) -> None:
    """Two tasks were trained to the same weights, to the bit."""
    weights = work.weights(spec)
    for name, tensor in work.weights(reference).items():
        assert torch.equal(weights[name], tensor), name


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


@pytest.mark.parametrize(
    ("technique", "devices"),
    [pytest.param("single", 1, marks=nightly), ("ddp", 2), pytest.param("fsdp", 2, marks=nightly)],
)
def test_killed_at_random_points_the_weights_are_the_same_to_the_bit(
    work: Workshop, technique: str, devices: int
) -> None:
    chance = random.Random(technique)
    reference = work.spec(mortal, f"whole-{technique}", script=str(work.script))
    assert kinds(work.attempt(reference, technique, devices))[-1] == "finished"

    ends: list[str] = []
    for life in range(3):
        # Fewer than in the run before, if what that had to load is now there from the start.
        calls = int(work.script.with_suffix(".calls").read_text())
        spec = work.spec(mortal, f"killed-{technique}-{life}", script=str(work.script))
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
        work.script.unlink()
        if ends.count("lost") >= 3:
            break
    assert ends.count("lost") >= 3
    if ends[-1] == "lost":
        assert kinds(work.attempt(spec, technique, devices))[-1] == "finished"
    assert_same_weights(work, spec, reference)


def pausing(script: str, timeout: float = 0.0) -> Task:
    """A task whose last rank stands still in the forward of the step that a script names."""
    import dataclasses
    import time
    from datetime import timedelta
    from pathlib import Path

    import torch.distributed as dist
    from torch import nn

    file = Path(script)
    last = dist.get_rank() == dist.get_world_size() - 1
    fate = int(file.read_text()) if file.exists() and last else None

    class Pause(nn.Module):
        step = 0

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if self.step == fate:
                time.sleep(300)
            self.step += 1
            return x

    if timeout:
        dist.distributed_c10d._set_pg_timeout(timedelta(seconds=timeout), dist.group.WORLD)
    task = mlp()
    return dataclasses.replace(task, model=nn.Sequential(Pause(), task.model))


def assert_stacks(error: Json) -> None:
    """The failure shows where each rank was: one asleep, the other in a collective."""
    waiting, _, asleep = error["traceback"].partition("rank 1:\n")
    assert "in forward" in asleep
    assert "in forward" not in waiting.rpartition("most recent call first")[2]
    assert "in advance" in waiting


def test_a_trial_whose_ranks_wait_in_vain_has_failed_with_all_stacks(work: Workshop) -> None:
    work.script.write_text("0")
    spec = work.spec(pausing, "hung-trial", script=str(work.script))
    cell = work.try_out(spec, "ddp", 2, deadlineSeconds=8)
    assert (cell["status"], cell["error"]["code"]) == ("failed", "trial-timeout")
    assert_stacks(cell["error"])


@pytest.mark.parametrize(
    ("timeout", "patience"), [(0.0, 4.0), pytest.param(4.0, 60.0, marks=nightly)]
)
def test_ranks_that_wait_in_vain_are_lost_and_go_on_from_the_last_commit(
    work: Workshop, timeout: float, patience: float
) -> None:
    """Whoever notices first: the agent that no step comes, or a rank that no answer comes."""
    spec = work.spec(pausing, f"hung-{timeout}", script=str(work.script), timeout=timeout)
    work.script.write_text("7")
    *events, end = work.attempt(spec, "ddp", 2, patience=patience)
    assert (end["kind"], end["error"]["code"]) == ("lost", "rank-hung")
    assert_stacks(end["error"])
    saved = [event["step"] for event in events if event["kind"] == "checkpoint"][-1]
    work.script.unlink()
    events = work.attempt(spec, "ddp", 2)
    assert events[0]["step"] == saved
    assert events[-1]["kind"] == "finished"


def bereft(script: str, workers: int) -> Task:
    """A task whose last rank loses what loads its data, in the step that a script names."""
    from pathlib import Path

    import psutil
    import torch.distributed as dist

    task = mlp(workers=workers, augment=True)
    file = Path(script)
    fate = int(file.read_text()) if file.exists() else None
    right = task.loss
    steps = 0

    def loss(outputs: torch.Tensor, targets: torch.Tensor) -> Any:
        nonlocal steps
        if steps == fate and dist.get_rank() == dist.get_world_size() - 1:
            for process in psutil.Process().children():
                process.kill()
        steps += 1
        return right(outputs, targets)

    return type(task)(**{**vars(task), "loss": loss})


def test_a_process_that_loads_data_is_lost_and_nothing_with_it(work: Workshop) -> None:
    reference = work.spec(bereft, "loading", script=str(work.script), workers=0)
    assert work.attempt(reference, "ddp", 2)[-1]["kind"] == "finished"
    spec = work.spec(bereft, "bereft", script=str(work.script), workers=1)
    work.script.write_text("3")
    *events, end = work.attempt(spec, "ddp", 2)
    assert (end["kind"], end["error"]["code"]) == ("lost", "loader-died")
    assert end["error"]["message"].startswith("A process that loads data is gone: ")
    saved = [event["step"] for event in events if event["kind"] == "checkpoint"][-1]
    work.script.unlink()
    events = work.attempt(spec, "ddp", 2)
    assert events[0]["step"] == saved
    assert events[-1]["kind"] == "finished"
    assert_same_weights(work, spec, reference)
