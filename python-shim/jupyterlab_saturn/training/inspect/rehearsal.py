"""What comes late or seldom in a training, done once on a little before anything is expensive."""

from __future__ import annotations

import pickle
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import cloudpickle
import torch
from torch.distributed.checkpoint.state_dict import get_model_state_dict

from ...errors import SaturnError
from ...task import Task
from ..components.learning_rate import LearningRate
from ..components.loss import held_out_loss, outputs_of
from ..components.nested_tensors import pair
from ..components.optimizer_factory import make_optimizer
from ..components.precision import precise
from ..components.predictions import MetricsFailed, Predictions
from ..components.side_effects import without_side_effects
from ..run.best_model import criterion_of
from ..runtime.process_group import ProcessGroup
from ..task.factory import steps_per_epoch
from ..task.samples import Samples
from .before_step import rehearse_before_step
from .deadline import TimeUp, deadline
from .placed_samples import PlacedSamples, device_of
from .resumption import require_resumable_optimizer, require_resumable_schedule
from .shortened_model import shortened
from .tried_call import rehearsal_failed, tried

_ALONE = ProcessGroup(0, 1)
_SAMPLES, _FEWER_SAMPLES = 16, 2
_SECONDS = 20.0
_MOST_STEPS = 20_000
_MOST_PAUSED = 1000  # steps of a schedule that is paused
_MOST_EXPORTED = 1 << 26  # parameters; larger models are not written to see whether they can be
# By what code says it is wrong, whatever the samples.
_MISTAKES = frozenset(
    {"NameError", "TypeError", "AttributeError", "ImportError", "ModuleNotFoundError", "KeyError"}
    | {"SyntaxError", "metrics-failed"}
)


def rehearse(task: Task, steps: int, seed: int) -> Iterator[str]:
    """Go through schedule, save, evaluation, rules and export. Yields what is worth knowing.

    Parameters
    ----------
    steps
        Optimizer steps in all.

    Raises
    ------
    SaturnError
        ``rehearsal-failed`` with what the task's own code raises.
    """
    yield from _schedule(task, steps)
    require_resumable_optimizer(task)
    rehearse_before_step(task, steps, seed)
    tried("state of the model", lambda: _write_state(task))
    metrics: dict[str, float] | None = None
    if task.eval_data is not None:
        try:
            metrics = _evaluate_quickly(task, seed)
        except MetricsFailed as error:
            yield _told_metrics(error)
            metrics = error.known
        if metrics is None:
            yield "The evaluation is too slow to be tried here: an error in it would show late."
        else:
            if task.evaluation is None and not any(name.endswith("loss") for name in metrics):
                yield "The loss cannot be computed on the held-out data, so it is left out there."
            _rules(task, metrics, steps)
    _export(task)


def _write_state(task: Task) -> None:
    """Whether what modules keep besides tensors can be in checkpoints and in the model's file."""
    state = get_model_state_dict(task.model)
    extra = {n: value for n, value in state.items() if not isinstance(value, torch.Tensor)}
    if task.export is None:
        pickle.dumps(extra)
    cloudpickle.dumps(extra)


def _schedule(task: Task, steps: int) -> Iterator[str]:
    """Step the learning rate to its end, without training."""
    trained = [(n, p) for n, p in task.model.named_parameters() if p.requires_grad]
    if task.schedule is None or not trained:
        return
    optimizer = make_optimizer(task, trained)
    first = _rates(optimizer)
    rate = LearningRate(task, optimizer, steps)
    epoch = steps_per_epoch(task)

    def run() -> None:
        for step in range(1, min(steps, _MOST_STEPS) + 1):
            rate.stepped()
            if step % epoch == 0:
                rate.ended_epoch()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the optimizer is never stepped
        tried("schedule", run)
        state = tried("state of the schedule", rate.state)
        tried("state of the schedule", lambda: rate.restore(state))
        if not rate.follows_metric:
            times = min(steps if task.schedule_every == "step" else steps // epoch, _MOST_PAUSED)
            make = partial(make_optimizer, task, trained)
            require_resumable_schedule(task, make, steps, times)
    if rate.follows_metric:
        if task.eval_data is None or task.validate_every is None:
            raise rehearsal_failed(
                "The schedule follows a metric, but the task is never evaluated.",
                "Give the Task eval_data and validate_every.",
            )
        return
    if steps > _MOST_STEPS:
        return
    last = _rates(optimizer)
    if task.schedule_every == "step" and _by_epochs(task, optimizer, steps):
        yield (
            f"The learning rate goes from {_listed(first)} to {_listed(last)}, stepped after each "
            f"of {steps} steps. Stepped once an epoch is schedule_every='epoch'."
        )


def _by_epochs(task: Task, optimizer: torch.optim.Optimizer, steps: int) -> bool:
    """Whether a schedule is of a kind that scripts mostly step once an epoch."""
    assert task.schedule is not None
    made = task.schedule(optimizer, steps)
    return type(made).__name__ in ("StepLR", "MultiStepLR", "ExponentialLR", "MultiplicativeLR")


def _rates(optimizer: torch.optim.Optimizer) -> list[float]:
    """Of all groups, but for those whose rate the optimizer finds by itself."""
    known = (group.get("lr") for group in optimizer.param_groups)
    return [float(rate) for rate in known if rate is not None]


def _listed(rates: list[float]) -> str:
    return ", ".join(dict.fromkeys(f"{rate:.3g}" for rate in rates))


def _evaluate_quickly(task: Task, seed: int) -> dict[str, float] | None:
    """The metrics of a few held-out samples; None when the model is too slow even shortened."""
    try:
        with deadline(_SECONDS), without_side_effects(task.model), torch.no_grad():
            return _evaluate(task, seed, _SAMPLES)
    except TimeUp:
        pass
    try:
        with (
            deadline(_SECONDS),
            without_side_effects(task.model),
            shortened(task.model),
            torch.no_grad(),
        ):
            return _evaluate(task, seed, _FEWER_SAMPLES)
    except (TimeUp, SaturnError):  # or it does not run without all of its layers
        return None


def _evaluate(task: Task, seed: int, most: int) -> dict[str, float]:
    """The metrics of up to so many held-out samples of each set."""
    task.model.eval()
    metrics: dict[str, float] = {}
    several = isinstance(task.eval_data, Mapping)
    given: Any = task.eval_data
    sets: Mapping[str, Any] = given if several else {"": given}
    for name, data in sets.items():
        collate = task.eval_collate or task.collate
        samples = PlacedSamples(data, collate, seed, device_of(task))
        size = min(task.eval_batch_size or task.batch_size, samples.count, most)
        found = _evaluate_one(task, samples, size)
        metrics.update({f"{name}_{key}" if several else key: v for key, v in found.items()})
    return metrics


def _evaluate_one(task: Task, samples: Samples, size: int) -> dict[str, float]:
    batch = samples.batch(range(size))
    if task.evaluation is not None:
        evaluation = task.evaluation

        def run() -> dict[str, float]:
            evaluation.begin(0)
            evaluation.batch(task.model, batch, 0)
            return {name: float(value) for name, value in evaluation.end().items()}

        found: dict[str, float] = tried("evaluation", run)
        return found
    inputs, targets = pair(batch)

    def forward() -> tuple[Any, float | None]:
        with precise(task, device_of(task).type):
            outputs, loss = held_out_loss(
                task, lambda: outputs_of(task, task.model, inputs), targets
            )
        return outputs, None if loss is None else float(loss.mean)

    outputs, loss = tried("evaluation", forward)
    predictions = Predictions(task, device_of(task))
    tried("prediction", lambda: predictions.add(0, outputs, targets))
    return predictions.measure(_ALONE, loss)


def _told_metrics(error: MetricsFailed) -> str:
    """Raises for what is wrong whatever the samples; else what to tell."""
    failure = error.failure
    kind = failure["message"].removeprefix("The metrics raised ").partition(":")[0]
    if kind in _MISTAKES or (failure["code"] in _MISTAKES and "raised" not in failure["message"]):
        told = rehearsal_failed(
            failure["message"].rstrip(".") + ".", "Correct the metrics of the task."
        )
        told.traceback = failure.get("traceback")
        raise told
    return f"On {_SAMPLES} held-out samples: {failure['message'].rstrip('.')}."


def _rules(task: Task, metrics: dict[str, float], steps: int) -> None:
    """What decides by metrics gets those there are."""
    criterion = criterion_of(task)
    if criterion is not None and criterion["metric"] not in metrics:
        raise rehearsal_failed(
            f"The best model is to be told by {criterion['metric']!r}, but an evaluation gives "
            f"{', '.join(metrics)}.",
            "Name one of them.",
        )
    followed = task.schedule_metric
    if followed is not None and followed not in metrics:
        raise rehearsal_failed(
            f"The learning rate follows {followed!r}, but an evaluation gives "
            f"{', '.join(metrics)}.",
            "Name one of them.",
        )
    rule = task.stop_early
    if rule is not None:
        history = [{"step": float(step), **metrics} for step in (1, 2)]
        tried("stop_early", lambda: bool(rule(history)))


def _export(task: Task) -> None:
    export = task.export
    weights = task.model.state_dict()
    size = sum(v.numel() for v in weights.values() if isinstance(v, torch.Tensor))
    if export is None or size > _MOST_EXPORTED:
        return
    with tempfile.TemporaryDirectory() as folder:
        host = {n: v.cpu() if isinstance(v, torch.Tensor) else v for n, v in weights.items()}
        tried("export", lambda: export(host, Path(folder)))
