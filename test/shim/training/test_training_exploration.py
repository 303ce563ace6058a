"""A strategy of which nothing is known is tried while the task trains under it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import cloudpickle
import pytest
import torch
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.run.step_timer import StepTimer
from jupyterlab_saturn.training.run.sync_interval import SyncInterval
from nightly import nightly
from ranks import Group, Session, finish
from training_tasks import mlp

cloudpickle.register_pickle_by_value(sys.modules[__name__])

WARM_UP_MOST = 5


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def forgetful(
    step_seconds: float = 0.0, record: str = "", merges: bool = True, **task: Any
) -> Task:
    """`mlp` with all that an evaluation could leave a trace in, on which its loss depends.

    Parameters
    ----------
    merges
        Have a layer that changes its weights to be evaluated.
    record
        File to which rank 0 adds a line for each forward, with whether it trains.
    """
    import random
    import time
    from collections.abc import Mapping
    from functools import partial

    import torch
    import torch.distributed as dist
    from torch import nn

    rank = dist.get_rank() if dist.is_initialized() else 0

    class Merging(nn.Linear):
        """Merges its bias into its weights to evaluate, and takes it out again, as adapters do."""

        def train(self, mode: bool = True) -> Any:
            if mode != self.training:
                self.weight.data += self.bias.data[:, None] * (-1 if mode else 1) / 3
            return super().train(mode)

    class Remembering(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("seen", torch.zeros(()))
            self.calls = 0
            self.total = torch.zeros(())
            self.last = [0.0]

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if record and rank == 0:
                with open(record, "a") as file:
                    file.write(f"{int(torch.is_grad_enabled())}\n")
            scale = 1 + (self.seen + self.calls + self.total + self.last[0]) / 100
            self.seen += 1
            self.calls += 1
            self.total += 1
            self.last[0] += float(torch.rand(()))
            return x * scale

    class Counted(nn.Module):
        """A metric with a state, that the loss looks at."""

        def __init__(self) -> None:
            super().__init__()
            self.total = torch.zeros(())

        def forward(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
            self.total += len(targets)
            return self.total

    made = mlp(batch_size=8)
    counted, loss = Counted(), made.loss

    def slow(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        time.sleep(step_seconds)
        value: torch.Tensor = loss(outputs, targets)
        return value * (1 + counted.total / 100)

    def drawing(step: int, epoch: int) -> None:
        """Draw between steps, from all generators."""
        counted.total.zero_().add_((torch.rand(()) + random.random()) / 10)

    model = nn.Sequential(
        (Merging if merges else nn.Linear)(6, 6),
        nn.BatchNorm1d(6),
        Remembering(),
        nn.Dropout(0.3),
        made.model,
    )
    metrics: Mapping[str, Any] = {"counted": counted}
    fields = {
        "model": model,
        "loss": slow,
        "metrics": metrics,
        "before_step": drawing,
        "optimizer": partial(torch.optim.AdamW, lr=1e-2),
    }
    return Task(**{**vars(made), **fields, **task})


def steps_until_told(record: Any) -> tuple[int, int]:
    """Steps made before the first forward that did not train, and those in all."""
    forwards = [int(line) for line in record.read_text().split()]
    return forwards.index(0), sum(forwards)


@pytest.mark.parametrize(
    ("technique", "devices"),
    [
        pytest.param("single", 1, marks=nightly),
        ("ddp", 2),
        pytest.param("fsdp", 2, marks=nightly),
    ],
)
def test_what_is_trained_does_not_see_that_it_is_explored(
    session: Session, technique: str, devices: int
) -> None:
    weights: list[dict[str, torch.Tensor]] = []
    for explores in (True, False):
        session.record.unlink(missing_ok=True)
        spec = session.spec(
            forgetful,
            f"{technique}-{explores}",
            record=str(session.record),
            step_seconds=0.05,
            merges=technique != "fsdp",  # which has other parameters after a forward than before
        )
        group = session.train(
            {**spec, "seed": 7}, technique, devices, steps=60, signature="s", explores=explores
        )
        finish(group)
        until, steps = steps_until_told(session.record)
        assert steps == 60
        assert (until < 60) is explores
        weights.append(session.weights(spec))
    explored, unseen = weights
    assert explored.keys() == unseen.keys()
    for name, tensor in explored.items():
        assert torch.equal(tensor, unseen[name]), name


def test_it_is_known_after_as_few_steps_as_in_a_trial(session: Session) -> None:
    session.record.unlink(missing_ok=True)
    spec = session.spec(forgetful, "soon", record=str(session.record), step_seconds=0.1)
    group = session.train(spec, "single", steps=60, signature="s", explores=True, stepSeconds=0.001)
    finish(group)
    until, _ = steps_until_told(session.record)
    known = group.of("measured")[0]["cell"]
    assert known["steps"] + 2 <= until <= known["steps"] + WARM_UP_MOST
    assert 5 <= known["steps"] <= 20


@pytest.mark.parametrize("seconds", [0.0001, 0.004, 0.02, 0.06, 0.5])
def test_windows_are_those_of_a_trial(seconds: float) -> None:
    tried, explored = StepTimer(), StepTimer()
    while not tried.enough():
        tried.add(seconds, tried.window)
    interval = SyncInterval(1e-9, explored.window)
    step = agreed = 0
    while not explored.enough():
        step += 1
        if interval.due(step):
            explored.add(seconds, step - agreed)
            agreed = step
            interval.agreed(step, seconds, explored.window)
    assert explored.steps == tried.steps


def failing(step_seconds: float = 0.05, memory: bool = False, lone: bool = False) -> Task:
    """`mlp` whose evaluation of a batch raises, on the last rank only when `lone`."""
    import time

    import torch
    import torch.distributed as dist
    from torch import nn

    made = mlp()
    rank, ranks = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)

    class Failing(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            time.sleep(step_seconds)
            if not torch.is_grad_enabled() and (not lone or rank == ranks - 1):
                if memory:
                    raise torch.OutOfMemoryError("no room to evaluate")
                raise ValueError("no such label")
            return x

    return Task(**{**vars(made), "model": nn.Sequential(Failing(), made.model)})


def explored(session: Session, spec: Json, devices: int, **changes: Any) -> Group:
    technique = "single" if devices == 1 else "ddp"
    group = session.train(spec, technique, devices, steps=400, explores=True, **changes)
    assert set(group.wait()) != {0}, group.log
    assert group.of("measured") == []
    return group


@pytest.mark.parametrize("devices", [1, 2])
@pytest.mark.parametrize(("memory", "end"), [(False, "failed"), (True, "oom")])
def test_an_evaluation_that_fails_ends_it_as_it_ends_a_trial(
    session: Session, devices: int, memory: bool, end: str
) -> None:
    spec = session.spec(failing, f"failing-{end}-{devices}", memory=memory, lone=devices > 1)
    technique = "single" if devices == 1 else "ddp"
    group = explored(session, spec, devices)
    tried = session.trial(spec, technique, devices)
    tried.wait()
    (error,) = (event["error"] for event in group.of(end))
    (expected,) = (event["error"] for event in tried.of(end))
    code = "out-of-memory" if memory else "evaluation-failed"
    assert error["code"] == expected["code"] == code
    assert error["message"] == expected["message"]
    assert error.get("hint") == expected.get("hint")


@pytest.mark.parametrize("devices", [1, 2])
def test_a_device_all_but_full_is_out_of_memory(session: Session, devices: int) -> None:
    def crowded() -> Any:
        import torch.distributed as dist
        from jupyterlab_saturn.training.runtime.device import CpuDevice

        rank = dist.get_rank() if dist.is_initialized() else 0
        pressure = 0.97 if rank == 0 else 0.5
        setattr(CpuDevice, "pressure", lambda self: pressure)  # noqa: B010
        return forgetful(step_seconds=0.05)

    group = explored(session, session.spec(crowded, f"crowded-{devices}"), devices)
    (event,) = group.of("oom")
    assert event["rank"] == 0
    assert "too close to the limit" in event["error"]["message"]


def test_one_that_is_known_is_not_tried_again(session: Session) -> None:
    group = session.train(session.spec(failing, "known"), "single", steps=60, signature="s")
    assert group.wait() == [1], group.log
    assert group.of("measured")
    assert session.paths.model("known").exists()


def test_a_short_task_tells_what_it_knows(session: Session) -> None:
    spec = session.spec(forgetful, "brief", step_seconds=0.05)
    group = session.train(spec, "single", steps=8, signature="s", explores=True)
    finish(group)
    cells = [event["cell"] for event in group.of("measured")]
    assert 1 <= cells[-1]["steps"] <= 6
