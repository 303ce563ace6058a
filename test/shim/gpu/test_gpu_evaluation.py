"""What an evaluation does wrong on a GPU shows in the trial, not after the last step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from fake_cuda import fake_cuda
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.paths import SessionPaths
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.conformance.test_bench import SINGLE, task_spec
from jupyterlab_saturn.training.run.evaluation_trial import try_evaluation
from jupyterlab_saturn.training.run.training_loop import TrainingLoop
from jupyterlab_saturn.training.run.trial import run_trial
from jupyterlab_saturn.training.run.workload import Workload
from jupyterlab_saturn.training.runtime.device import CpuDevice
from jupyterlab_saturn.training.runtime.event_sender import EventSender
from jupyterlab_saturn.training.runtime.process_group import ProcessGroup
from jupyterlab_saturn.training.runtime.rank_request import RankRequest
from jupyterlab_saturn.training.runtime.workload_spec import WorkloadSpec
from jupyterlab_saturn.training.techniques import TECHNIQUES, Context, Runner
from training_tasks import mlp


def workload(device: str = "cpu", **fields: Any) -> Workload:
    task = Task(**{**vars(mlp()), **fields})
    if task.eval_data is None:
        task = Task(**{**vars(task), "eval_data": task.data})
    context = Context(world=ProcessGroup(0, 1), device=torch.device(device), steps=2)
    return Workload(task, TECHNIQUES["single"].build(task, context), 7, 2)


class Own:
    """An evaluation of a task's own."""

    def __init__(self, look: Callable[[Any], Any], end: Callable[[], Any] = dict) -> None:
        self.look = look
        self._end = end
        self.batches = 0

    def begin(self, step: int) -> None:
        pass

    def batch(self, model: torch.nn.Module, batch: Any, index: int) -> None:
        self.batches += 1
        self.look(model(batch[0]))

    def end(self) -> Mapping[str, float]:
        return self._end()  # type: ignore[no-any-return]


def refuse(*_: Any) -> Any:
    raise ValueError("Only one class is present")


def numpy_of(outputs: torch.Tensor, _targets: Any = None) -> Any:
    return outputs.numpy()


@pytest.mark.parametrize(
    "fields",
    [
        {"prediction": numpy_of, "metrics": {"error": lambda outputs, targets: 0.0}},
        {"evaluation": Own(numpy_of)},
        {"evaluation": Own(lambda _: None, lambda: torch.ones(2, device="meta").numpy())},
    ],
    ids=["prediction", "evaluation", "its end"],
)
def test_numpy_of_what_is_on_a_gpu_fails_with_what_to_do(fields: dict[str, Any]) -> None:
    with pytest.raises(SaturnError) as caught:
        try_evaluation(workload("meta", **fields))
    assert caught.value.code == "evaluation-failed"
    assert "device type tensor to numpy" in caught.value.message
    assert ".cpu()" in str(caught.value.hint)
    assert caught.value.traceback


def test_metrics_that_want_more_than_a_batch_are_left_in_peace() -> None:
    try_evaluation(workload(metrics={"auc": refuse}))
    try_evaluation(workload(evaluation=Own(lambda _: None, refuse)))


def test_what_the_forward_raises_is_told() -> None:
    with pytest.raises(SaturnError, match="Only one class") as caught:
        try_evaluation(workload(evaluation=Own(refuse)))
    assert caught.value.code == "evaluation-failed"


def test_running_out_of_memory_is_no_mistake() -> None:
    def full(_: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.OutOfMemoryError):
        try_evaluation(workload(evaluation=Own(full)))


def test_one_batch_is_evaluated_of_each_set() -> None:
    own = Own(lambda _: None)
    data = mlp().data
    try_evaluation(workload(evaluation=own, eval_data={"a": data, "b": data}))
    assert own.batches == 2
    seen: list[int] = []
    metrics = {"seen": lambda outputs, targets: seen.append(len(outputs)) or 0.0}
    try_evaluation(workload(metrics=metrics))
    assert seen == [8]


def test_a_trial_tries_it(tmp_path: Path) -> None:
    def task() -> Task:
        base = mlp()
        fields = {"eval_data": base.data, "evaluation": Own(refuse)}
        return Task(**{**vars(base), **fields})

    paths = SessionPaths("s", tmp_path).ensure()
    request = RankRequest(
        kind="trial",
        job="a",
        events=tmp_path / "events",
        paths=paths,
        tasks=(task_spec(paths, task, "task"),),
        requested_at=0.0,
    )
    with pytest.raises(SaturnError) as caught:
        run_trial(request, ProcessGroup(0, 1), CpuDevice((), 0), cast(EventSender, None))
    assert caught.value.code == "evaluation-failed"


def test_evaluation_is_as_precise_as_training() -> None:
    seen: list[torch.dtype] = []

    def look(outputs: torch.Tensor, _targets: Any = None) -> torch.Tensor:
        seen.append(outputs.dtype)
        return outputs

    metrics = {"error": lambda outputs, targets: 0.0}
    workload(precision="bfloat16", prediction=look, metrics=metrics).evaluate()
    workload(precision="bfloat16", evaluation=Own(look)).evaluate()
    assert set(seen) == {torch.bfloat16}


def test_the_model_is_gathered_where_the_optimizer_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[int] = []
    real = Runner.full_weights

    def watched(runner: Runner) -> dict[str, torch.Tensor]:
        left.append(len(runner._optimizer.state))
        return real(runner)

    def adam() -> Task:
        base = mlp()
        return Task(**{**vars(base), "optimizer": torch.optim.Adam, "eval_data": base.data})

    monkeypatch.setattr(Runner, "full_weights", watched)
    paths = SessionPaths("s", tmp_path).ensure()
    spec = WorkloadSpec(task=task_spec(paths, adam, "adam"), strategy=SINGLE, paths=paths)
    loop = TrainingLoop(spec, ProcessGroup(0, 1), CpuDevice((), 0), steps=2)
    with fake_cuda(1) as cuda:
        loop.run()
        assert cuda.emptied == 1
    assert left == [0]
    assert paths.model("adam").exists()
