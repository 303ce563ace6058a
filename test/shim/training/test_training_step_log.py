"""What a task logs of its steps: the same under every strategy, and after every loss."""

from __future__ import annotations

import json
import math
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cloudpickle
import pytest
import torch
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.components.scalars import Scalar, Weighed
from jupyterlab_saturn.training.run.step_log import StepLog
from jupyterlab_saturn.training.run.step_window import StepFigures, StepWindow
from jupyterlab_saturn.training.run.training_observer import LoggedSteps
from jupyterlab_saturn.training.runtime.appended_file import AppendedFile
from jupyterlab_saturn.training.runtime.process_group import ProcessGroup
from ranks import Session, finish
from training_tasks import mlp

cloudpickle.register_pickle_by_value(sys.modules[__name__])


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def logging(checkpointing: bool = False, **task: Any) -> Task:
    """`mlp` that logs in a block, in the model's forward and in the loss; gradients are clipped."""
    from jupyterlab_saturn import log
    from torch import nn

    class Logging(nn.Module):
        def __init__(self, block: nn.Module) -> None:
            super().__init__()
            self.block = block

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y: torch.Tensor = self.block(x)
            log("activation", y.square().mean())
            return y

    made = mlp(**{"clip_norm": 0.05, **task})
    model: Any = made.model
    for place, block in enumerate(model[1]):
        model[1][place] = Logging(block)
    model[0].register_forward_hook(lambda _, __, y: log("embedding", y.mean()))
    loss = made.loss

    def logged(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        value: torch.Tensor = loss(outputs, targets)
        log("twice", 2 * value)
        log("one", 1)
        return value

    return type(made)(**{**vars(made), "loss": logged})


NAMES = ("loss", "lr", "grad_norm", "activation", "embedding", "twice", "one")


@pytest.fixture(scope="module")
def alone(session: Session) -> dict[str, list[float]]:
    spec = session.spec(logging, "alone")
    finish(session.train(spec, "single"))
    found = {name: session.curve(spec, name) for name in NAMES}
    assert found["one"] == [1.0] * 12
    assert found["twice"] == pytest.approx([2 * loss for loss in found["loss"]])
    return found


@pytest.mark.parametrize(
    ("technique", "knobs"),
    [
        ("ddp", {}),
        ("fsdp", {"checkpointing": True}),
        ("pipeline", {"schedule": "1f1b", "micro_batches": 2}),
    ],
)
def test_a_strategy_does_not_change_what_is_logged(
    session: Session, alone: dict[str, list[float]], technique: str, knobs: Json
) -> None:
    spec = session.spec(logging, f"by-{technique}")
    strategy = {"technique": technique, "devices": 2, "knobs": knobs}
    finish(session.train(spec, technique, 2, strategy=strategy))
    for name, values in alone.items():
        assert session.curve(spec, name) == pytest.approx(values, abs=1e-5), name


def weighing(**task: Any) -> Task:
    """`mlp` with pairs of layers as blocks; the first logs how large weights of the last are."""
    from jupyterlab_saturn import log
    from torch import nn

    made = mlp(**task)
    model: Any = made.model
    for block in model[1]:
        block.linear = nn.Sequential(nn.Linear(10, 16), nn.Tanh(), nn.Linear(16, 10))
    last = model[1][2].linear[2]
    model[1][0].register_forward_hook(lambda *_: log("weight", last.weight.norm()))
    return made


@pytest.mark.parametrize("technique", ["fsdp", "offload", "tensor"])
def test_of_a_divided_weight_the_whole_is_logged(session: Session, technique: str) -> None:
    alone = session.spec(weighing, "whole")
    if not session.paths.step_log("whole").exists():
        finish(session.train(alone, "single"))
    spec = session.spec(weighing, f"divided-{technique}")
    finish(session.train(spec, technique, 1 if technique == "offload" else 2))
    whole = session.curve(alone, "weight")
    assert len(set(whole)) > 1
    assert session.curve(spec, "weight") == pytest.approx(whole, abs=1e-5)


def filled_up() -> Task:
    """`mlp` whose first block logs no number in what fills up the last, smaller batch in parts."""
    from jupyterlab_saturn import log

    made = mlp(drop_last=False)
    model: Any = made.model
    calls = 0

    def logged(*_: Any) -> None:
        nonlocal calls
        if torch.is_grad_enabled():
            # Eight parts a step; in the sixth step half of them have none of its four samples.
            log("real", math.inf if calls >= 40 and calls % 2 == 0 else 1.0)
            calls += 1

    model[1][0].register_forward_hook(logged)
    return made


def test_what_fills_up_a_batch_is_not_logged(session: Session) -> None:
    spec = session.spec(filled_up)
    strategy = {"technique": "pipeline", "devices": 2, "knobs": {"micro_batches": 8}}
    finish(session.train(spec, "pipeline", 2, strategy=strategy, steps=6))
    assert session.curve(spec, "real") == [1.0] * 6


def test_logging_leaves_no_trace_in_what_is_trained(session: Session) -> None:
    plain, logged = session.spec(mlp, "plain", clip_norm=0.05), session.spec(logging, "logged")
    for spec in (plain, logged):
        finish(session.train(spec, "ddp", 2))
    weights = session.weights(plain)
    for name, tensor in session.weights(logged).items():
        assert torch.equal(tensor, weights[name.replace(".block.", ".")]), name


def test_a_line_holds_what_is_known_of_a_step(session: Session) -> None:
    spec = session.spec(mlp, "line", validate_every=4)
    group = session.train(spec, "single", node="local")
    result = finish(group)
    segment, *rest = session.log(spec)
    assert segment["step"] == 0
    assert segment["segment"] == {
        "attempt": 1,
        "strategy": {"technique": "single", "devices": 1},
        "node": "local",
        "devices": ["cpu0"],
    }
    evaluated = [line for line in rest if "eval" in line]
    assert [line["step"] for line in evaluated] == [4, 8, 12]
    assert evaluated[-1]["eval"] == result["metrics"]
    found = session.steps(spec)
    assert list(found) == list(range(1, 13))
    times = [segment["time"], *(line["time"] for line in found.values())]
    assert times == sorted(times)
    for line in found.values():
        known = {"step", "time", "loss", "lr", "step_seconds", "samples_per_second", "peak_bytes"}
        assert set(line) == known  # nothing is clipped, so there is no norm
        assert line["samples_per_second"] * line["step_seconds"] == pytest.approx(8)
    assert found[12]["loss"] == pytest.approx(result["loss"])


def test_killed_and_switched_the_log_is_that_of_one_training(
    session: Session, alone: dict[str, list[float]]
) -> None:
    """Each step has its line, also those that were trained twice; each start a segment."""
    spec = session.spec(logging, "moved", script=str(session.script))
    session.script.write_text(json.dumps({"kill": 5}))
    group = session.train(spec, "ddp", 2, until=12, checkpointSeconds=1e-3)
    assert -signal.SIGKILL in group.wait()
    session.script.unlink()
    path = session.paths.step_log("moved")
    path.write_text(path.read_text() + '{"step":6,"ti')  # torn, as it may be
    assert set(session.train(spec, "fsdp", 2, attempt=2, until=7).wait()) == {0}
    strategy = {"technique": "pipeline", "devices": 2, "knobs": {"micro_batches": 2}}
    finish(session.train(spec, "pipeline", 2, attempt=3, strategy=strategy))

    path.write_text(path.read_text().replace('{"step":6,"ti\n', ""))
    segments = [line for line in session.log(spec) if "segment" in line]
    assert [line["segment"]["attempt"] for line in segments] == [1, 2, 3]
    techniques = [line["segment"]["strategy"]["technique"] for line in segments]
    assert techniques == ["ddp", "fsdp", "pipeline"]
    assert segments[0]["step"] == 0
    assert 0 < segments[1]["step"] <= 5
    assert segments[2]["step"] == 7
    for name, values in alone.items():
        assert session.curve(spec, name) == pytest.approx(values, abs=1e-5), name


def test_a_training_from_the_start_begins_its_log_anew(session: Session) -> None:
    spec = session.spec(mlp, "anew")
    finish(session.train(spec, "single", steps=12))
    other = {**spec, "trainingHash": "0" * 16}
    finish(session.train(other, "single", steps=5))
    assert list(session.steps(spec)) == [1, 2, 3, 4, 5]
    assert len([line for line in session.log(spec) if "segment" in line]) == 1


def late() -> Task:
    """`mlp` whose loss logs in some steps only, and once something that is no number."""
    from jupyterlab_saturn import log

    made = mlp()
    loss, calls = made.loss, 0

    def logged(outputs: Any, targets: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > 6:
            log("late", calls)
        if calls == 9:
            log("odd", float("nan"))
        return loss(outputs, targets)

    return type(made)(**{**vars(made), "loss": logged})


@pytest.mark.parametrize("devices", [1, 2])
def test_names_may_come_late_and_values_be_no_numbers(session: Session, devices: int) -> None:
    spec = session.spec(late, f"late-{devices}")
    finish(session.train(spec, "single" if devices == 1 else "ddp", devices, stepSeconds=0.05))
    found = session.steps(spec)
    told = [line.get("metrics", {}).get("late") for line in found.values()]
    assert told == [*[None] * 6, *range(7, 13)]
    assert [step for step, line in found.items() if "odd" in line.get("metrics", {})] == [9]
    assert found[9]["metrics"]["odd"] is None


def wrong(called: str, size: int) -> Task:
    """`mlp` whose loss logs so many numbers under a name."""
    import torch
    from jupyterlab_saturn import log

    made = mlp()
    loss = made.loss

    def logged(outputs: Any, targets: Any) -> Any:
        log(called, torch.zeros(size))
        return loss(outputs, targets)

    return type(made)(**{**vars(made), "loss": logged})


def test_what_cannot_be_logged_is_told_before_anything_trains(session: Session) -> None:
    spec = session.spec(wrong, "told", called="x", size=2)
    group = session.inspect([spec], 1)
    group.wait()
    (told,) = group.of("inspected")
    assert told["result"]["error"]["code"] == "bad-log"
    assert "not one number but a Tensor of shape (2,)" in told["result"]["error"]["message"]


@pytest.mark.parametrize(("called", "size"), [("lr", 1), ("a\nb", 1), ("eval/x", 1), ("x", 2)])
def test_what_cannot_be_logged_is_refused(session: Session, called: str, size: int) -> None:
    group = session.train(session.spec(wrong, "wrong", called=called, size=size), "single")
    assert group.wait() == [1]
    assert group.of("failed")[0]["error"]["code"] == "bad-log"


def window(steps: int, logged: dict[str, Weighed], rate: Scalar | None = 0.5) -> StepWindow:
    kept = StepWindow(ProcessGroup(0, 1))
    for step in range(steps):
        kept.add((torch.tensor(float(step)), 1.0), rate, torch.tensor(2.0 * step), logged)
    return kept


def test_a_window_is_empty_once_it_is_settled() -> None:
    kept = window(3, {"a": (torch.tensor(6.0), 2.0), "b": (1.0, 0.0)})
    sums = kept.sums()
    assert kept.newest_loss(sums) == 2.0
    figures = kept.settle(sums)
    assert [each.loss for each in figures] == [0.0, 1.0, 2.0]
    assert [each.gradient_norm for each in figures] == [0.0, 2.0, 4.0]
    assert {each.rate for each in figures} == {0.5}
    assert [each.logged for each in figures] == [{"a": 3.0}] * 3  # of nothing there is no mean
    assert len(kept) == 0
    kept.add((1.0, 1.0), None, None, {"c": (2.0, 1.0)})
    (last,) = kept.settle(kept.sums())
    assert (last.loss, last.rate, last.gradient_norm, last.logged) == (1.0, None, None, {"c": 2.0})


def test_evaluations_come_after_the_segment_they_are_of(tmp_path: Path) -> None:
    """Own loops evaluate while their newest steps are not agreed on yet."""
    path = tmp_path / "task" / "log.jsonl"
    single: Any = {"technique": "single", "devices": 1}
    log = StepLog(path, {"attempt": 1, "strategy": single, "node": "here", "devices": ["cpu0"]})
    log.started(0)
    log.validated(1, {"accuracy": 0.5})
    figures = [StepFigures(1.0, None, None, {})] * 2
    log.logged(
        LoggedSteps(
            last=2, ended_at=100.0, figures=figures, step_seconds=1.0, samples=None, peak_bytes=0
        )
    )
    log.stopped(2)
    kinds = [next(key for key in line if key in {"segment", "eval", "loss"}) for line in read(path)]
    assert kinds == ["segment", "eval", "loss", "loss"]


def read(path: Path) -> list[Json]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_what_finds_no_room_is_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "task" / "log.jsonl"
    path.parent.mkdir()
    path.symlink_to("/dev/full")
    file = AppendedFile(path)
    file.append("one\n")
    file.append("two\n")
    file.close()
    path.unlink()
    file.append("three\n")
    assert path.read_text() == "one\ntwo\nthree\n"
    file.close()


def test_where_no_room_comes_the_oldest_lines_give_way(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.symlink_to("/dev/full")
    file = AppendedFile(path)
    for block in range(40):
        file.append("".join(f"{block} {number:0{1000 + number}}\n" for number in range(50)))
    file.append("last\n")
    file.close()
    path.unlink()
    file.append("")
    *lines, last = path.read_text().splitlines()
    file.close()
    assert last == "last"
    assert (1 << 20) - 2000 < path.stat().st_size <= 1 << 20
    known = [(block, number) for block in range(40) for number in range(50)]
    assert [tuple(map(int, line.split())) for line in lines] == known[-len(lines) :]


def test_a_log_that_cannot_be_written_does_not_end_a_training(session: Session) -> None:
    spec = session.spec(mlp, "unwritten")
    session.paths.step_log("unwritten").mkdir(parents=True)
    group = session.train(spec, "single")
    finish(group)
    assert group.log.count("is behind") == 1
