"""What a task decides on its way, such as when to stop, does not depend on where it runs."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from fidelity_layouts import layouts, shared_bench
from fidelity_models import gpt
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.run.training_loop import TrainingLoop
from jupyterlab_saturn.training.run.training_observer import TrainingObserver
from jupyterlab_saturn.training.runtime.device import CpuDevice
from jupyterlab_saturn.training.runtime.process_group import ProcessGroup
from jupyterlab_saturn.training.runtime.workload_spec import WorkloadSpec
from nightly import NIGHTLY, nightly
from torch.nn import functional

STEPS = 24
ROUTE = [
    "ddp x 2",
    "fsdp x 2, reshard False",
    "pipeline x 2, schedule 1f1b, micro_batches 8",
    *(["offload x 1", "ddp x 4"] if NIGHTLY else []),
    "single x 1",
]


@dataclass
class Recorder(TrainingObserver):
    """Takes what a rank tells the agent, and tells it to stop after so many validations."""

    patience: int
    events: list[Json] = field(default_factory=list)

    def validated(self, step: int, metrics: Json) -> None:
        self.events.append({"kind": "validated", "step": step, "metrics": metrics})

    def stopped(self, step: int) -> None:
        self.events.append({"kind": "stopped", "step": step})

    def finished(self, step: int, result: Json) -> None:
        self.events.append({"kind": "finished", "step": step, "result": result})

    def enough(self) -> bool:
        return sum(event["kind"] == "validated" for event in self.events) >= self.patience


def run_training(spec: WorkloadSpec, validations: int, world: ProcessGroup) -> list[Json]:
    """The one training loop, as in a rank. Returns what it tells."""
    recorder = Recorder(validations)
    TrainingLoop(
        spec,
        world,
        CpuDevice((), 0),
        steps=STEPS,
        stop_wanted=recorder.enough,
        observer=recorder,
    ).run()
    return recorder.events


def run(task: Json, strategy: Json, validations: int = 1000) -> list[Json]:
    spec = WorkloadSpec(task=task, strategy=strategy, paths=shared_bench().paths)
    work = functools.partial(run_training, spec, validations)
    events: list[Json] = shared_bench().do(strategy["devices"], work)[0]
    return events


def counted_loss(logits: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """A sum over the tokens that are not padding, here token 0, and how many they are."""
    losses = functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")
    counts = targets.flatten() != 0
    return losses[counts].sum(), counts.sum()


def demanding(variant: str, target: float) -> Task:
    """A GPT that stops below a held-out loss, once it has been there twice."""

    def rule(history: Sequence[Mapping[str, float]]) -> bool:
        return sum(each["loss"] < target for each in history) >= 2

    fields: dict[str, Any] = {"validate_every": 1, "stop_early": rule}
    if variant == "bfloat16":
        fields["precision"] = "bfloat16"
    if variant == "counted":
        fields["loss"] = counted_loss
    return gpt(**fields)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("variant", ["counted", pytest.param("bfloat16", marks=nightly)])
def test_decisions_are_the_same_across_switches(variant: str) -> None:
    """The history of validations, and when it is enough; with gradients accumulated."""
    bench, bound = shared_bench(), 2e-2 if variant == "bfloat16" else 1e-5
    found = layouts(demanding(variant, 0.0))
    route = [found[name] for name in ROUTE]
    endless = run(bench.spec(demanding, variant=variant, target=0.0), found["single x 1"])
    losses = [each["metrics"]["loss"] for each in endless if each["kind"] == "validated"]
    assert len(losses) == STEPS - 1
    # In the middle of a gap, so that rounding decides nothing.
    late = sorted(losses[STEPS // 2 : -4])
    _, lower, upper = max((b - a, a, b) for a, b in itertools.pairwise(late))
    target = (lower + upper) / 2

    unbroken = run(bench.spec(demanding, variant=variant, target=target), found["single x 1"])
    *history, finished = [each for each in unbroken if each["kind"] in ("validated", "finished")]
    assert finished["result"]["stoppedEarly"]
    assert 2 * len(route) < len(history) < len(losses)

    task = bench.spec(demanding, variant=variant, target=target)
    told: list[Json] = []
    for number, strategy in enumerate(route, 1):
        told += run(task, strategy, 1 if number < len(route) else 1000)
    assert sum(each["kind"] == "stopped" for each in told) == len(route) - 1
    switched = [each for each in told if each["kind"] == "validated"]
    assert [each["step"] for each in switched] == [each["step"] for each in history]
    for mine, expected in zip(switched, history, strict=True):
        assert mine["metrics"] == pytest.approx(expected["metrics"], rel=bound)
    ended = told[-1]
    assert (ended["kind"], ended["step"]) == ("finished", finished["step"])
    assert ended["result"]["stoppedEarly"]
    assert ended["result"]["loss"] == pytest.approx(finished["result"]["loss"], rel=bound)
    assert ended["result"]["metrics"] == pytest.approx(finished["result"]["metrics"], rel=bound)
