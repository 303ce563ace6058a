"""What a factory returns: one model to train, said without saying on what devices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from .errors import SaturnError

if TYPE_CHECKING:
    from pathlib import Path

    import torch
    from torch.optim.lr_scheduler import LRScheduler
    from torch.utils.data import Dataset

    Loss = Callable[[Any, Any], "torch.Tensor | tuple[torch.Tensor, torch.Tensor | float]"]
    Forward = Callable[[torch.nn.Module, Any], Any]
    Optimizer = Callable[[Iterable[Any]], torch.optim.Optimizer]
    ParameterGroups = Callable[[list[tuple[str, torch.nn.Parameter]]], list[dict[str, Any]]]
    StopEarly = Callable[[Sequence[Mapping[str, float]]], bool]
    Export = Callable[[dict[str, torch.Tensor], Path], object]
    Schedule = Callable[[torch.optim.Optimizer, int], LRScheduler]
    Metric = Callable[[Any, Any], "torch.Tensor | float"]
    Metrics = Callable[[Any, Any], Mapping[str, "torch.Tensor | float"]]
    Order = Callable[[int], Sequence[Sequence[int]]]
    BeforeStep = Callable[[int, int], object]


def loss_of_model(outputs: Any, targets: Any) -> torch.Tensor:
    """A `Task.loss` for models that compute their loss themselves: what they return as ``loss``.

    Raises
    ------
    SaturnError
        ``bad-loss`` when there is none.
    """
    loss: Any = outputs.get("loss") if isinstance(outputs, Mapping) else None
    loss = getattr(outputs, "loss", loss)
    if loss is None and isinstance(outputs, tuple) and outputs:
        loss = outputs[0]
    if loss is None:
        raise SaturnError(
            "bad-loss",
            f"The Task has no loss, and its model returns none but a {type(outputs).__name__}.",
            "Give the Task a loss, such as loss=nn.CrossEntropyLoss().",
        )
    return loss  # type: ignore[no-any-return]


def default_optimizer(parameters: Iterable[Any]) -> torch.optim.Optimizer:
    """A `Task.optimizer` for tasks that name none, in whose place AdamW is put where they train.

    Raises
    ------
    SaturnError
        ``bad-task``, for here PyTorch is not to be imported.
    """
    raise SaturnError(
        "bad-task",
        "The Task names no optimizer, and it gets one only where it is trained.",
        "Give it one: optimizer=partial(torch.optim.AdamW, lr=1e-3).",
    )


class Evaluation(Protocol):
    """How a task is evaluated where that is more than a function of outputs and targets.

    Every rank goes through all held-out batches in their order, so whatever is kept from batch
    to batch is complete on each of them, whatever the layout. One that uses the model otherwise
    than by calling it, such as by ``generate``, says so by an attribute ``beyond_forward`` that
    is True: then the model is in one piece.
    """

    def begin(self, step: int) -> None:
        """All held-out batches follow. The model is in evaluation mode until `end`."""

    def batch(self, model: torch.nn.Module, batch: Any, index: int) -> None:
        """One held-out batch as its loader makes it, on the model's device."""

    def end(self) -> Mapping[str, float]:
        """The metrics of all batches since `begin`, by name."""


@dataclass(frozen=True)
class Tracking:
    """The experiment trackers that a task's code asks for: it is up to the session to tell them.

    Parameters
    ----------
    trackers
        By name, as ``%saturn track`` takes it, in what words it was asked for.
    run
        What to call the run.
    project
        What to file it under.
    """

    trackers: Mapping[str, str]
    run: str | None = None
    project: str | None = None


@dataclass(frozen=True, kw_only=True)
class Task:
    """One model to train with fixed hyper-parameters.

    Nothing here depends on how many devices the task gets: `batch_size` is the global batch,
    and sample order, optimizer steps and schedule are functions of the task and the step alone.

    Parameters
    ----------
    model
        Any ``torch.nn.Module``; called as ``model(inputs)``.
    data
        Map-style dataset (``len`` and ``[]``) of ``(inputs, targets)`` pairs to train on; or a
        ``DataLoader`` of one, whose order, batches and ``collate_fn`` are kept.
    loss
        ``loss(outputs, targets)``: mean over the samples given; or a pair ``(sum, count)`` where
        samples count unequally, such as a sum over tokens and how many tokens there were. When
        absent, the model is given the whole batch, a dict as keywords, and returns its ``loss``.
    optimizer
        Makes the optimizer from the parameters, e.g. ``partial(torch.optim.AdamW, lr=1e-3)``; or
        an optimizer of the model's parameters, of which one like it is made. When absent, AdamW
        with PyTorch's settings, whose learning rate is 0.001.
    parameter_groups
        Makes of ``(name, parameter)`` pairs the groups that `optimizer` gets, e.g. some without
        weight decay. A group may be empty: a device may hold a part of the model only.
    forward
        ``forward(model, inputs)`` instead of ``model(inputs)``. Techniques that split a model
        know what it does only where it is `by_keyword`.
    batch_size
        Samples of one optimizer step, over all devices together; may be left out beside a
        ``DataLoader``, which then says it.
    micro_batches
        Into how many equal parts a batch is cut, of which a device works on one at a time, to
        save memory (gradient accumulation). Each device does its share of them.
    equal_parts
        The batch of a step is `micro_batches` batches of the loader, and its loss the plain mean
        of theirs, whatever each of them counts: as of loops that divide each loss by how many
        they accumulate. Otherwise the loss is that of the batch as a whole, however it is cut.
    order
        ``order(epoch)`` gives the batches of indices of an epoch, the same whenever it is asked,
        each of ``batch_size / micro_batches`` where `equal_parts`, else of `batch_size`; only the
        last may be smaller. Shuffled by the seed of the task when absent.
    drop_last
        Whether an epoch leaves out the samples at its end that fill no batch; only where there
        is no `order`, which says so itself.
    clip_norm
        Largest norm of the gradient over all parameters; a longer one is scaled down to it.
    precision
        ``"bfloat16"`` or ``"float16"``: forward and loss run under ``torch.autocast``; parameters
        stay as they are. With float16, for GPUs that lack the other, losses are scaled so that
        gradients do not vanish, and a step whose gradients overflow is left out.
    exact_random
        Draw random numbers, such as masks of dropout, by micro-batch and block, so that they are
        the same on any number of devices that divides `micro_batches`. Costs a little speed.
    epochs
        Passes over `data`; a part of an epoch is allowed.
    steps
        Optimizer steps; overrides `epochs`.
    schedule
        ``schedule(optimizer, total_steps)`` makes a learning-rate scheduler. One that follows a
        metric (``ReduceLROnPlateau``) is stepped after each evaluation, with `schedule_metric`.
    schedule_every
        Whether the schedule is stepped once a ``"step"`` or at the end of each ``"epoch"``.
    schedule_metric
        Name of the metric that a schedule follows which follows one; the loss when absent.
    eval_data
        Held-out dataset; or several by name, whose metrics are then called ``name_metric``. The
        loss on it is always evaluated, as ``loss``.
    metrics
        Name to ``metric(outputs, targets)``, or one function that returns several by name. Called
        once, with what the model made of all held-out samples, on the CPU: tensors along their
        first dimension, sequences of unlike length filled up with -100, as ``Trainer`` does.
    prediction
        ``prediction(outputs, targets)`` makes of a batch what `metrics` get in the place of its
        outputs, such as the class instead of the scores of all: it saves memory.
    evaluation
        An `Evaluation` in place of `metrics`.
    eval_batch_size
        Samples of a forward on held-out data: those of one optimizer step on one device when
        absent.
    eval_collate
        Makes a batch of held-out samples; `collate` when absent.
    best
        The metric that says how good the task is, and whether it is to be large or small:
        ``"accuracy:max"``, ``"loss:min"``.
    keep_best
        Whether the model that is kept is the one with the best evaluation, not the last.
    validate_every
        Steps between evaluations of `metrics` while training; only at the end when absent.
    stop_early
        Given the evaluations so far, each the metrics and their ``step``: whether to stop here.
    collate
        Makes a batch of a list of samples; PyTorch's default when absent.
    blocks
        Dotted name of the list of repeated layers (``"encoder.layers"``), the unit that sharding
        techniques work on. Found by itself when absent.
    workers
        Processes of each rank that load batches ahead; 0 loads between the steps.
    before_step
        ``before_step(step, epoch)``, both counted from 0, is called on each rank before each
        step: for what follows how far the training is. Its samples are loaded by then: data that
        follow the epoch have a ``set_epoch``, which is called before they are asked.
    export
        ``export(weights, folder)`` writes the trained model; a state dict in ``model.pt`` when
        absent. Called of a task made anew, whose `model` is whole and untrained.
    remarks
        Sentences to tell with the task, such as what could not be taken over from elsewhere.
    tracking
        The experiment trackers that it asks for; adapters say it.
    """

    model: torch.nn.Module = field(kw_only=False)
    data: Dataset[Any] = field(kw_only=False)
    loss: Loss = field(default=loss_of_model, kw_only=False)
    optimizer: Optimizer | torch.optim.Optimizer = field(default=default_optimizer, kw_only=False)
    batch_size: int = 0
    epochs: float = 1.0
    steps: int | None = None
    schedule: Schedule | None = None
    eval_data: Dataset[Any] | Mapping[str, Dataset[Any]] | None = None
    metrics: Mapping[str, Metric] | Metrics = field(default_factory=dict)
    collate: Callable[[list[Any]], Any] | None = None
    blocks: str | None = None
    parameter_groups: ParameterGroups | None = None
    forward: Forward | None = None
    micro_batches: int = 1
    clip_norm: float | None = None
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    exact_random: bool = False
    validate_every: int | None = None
    stop_early: StopEarly | None = None
    workers: int = 0
    export: Export | None = None
    remarks: Sequence[str] = ()
    equal_parts: bool = False
    order: Order | None = None
    drop_last: bool = True
    schedule_every: Literal["step", "epoch"] = "step"
    schedule_metric: str | None = None
    prediction: Callable[[Any, Any], Any] | None = None
    evaluation: Evaluation | None = None
    eval_batch_size: int | None = None
    eval_collate: Callable[[list[Any]], Any] | None = None
    best: str | None = None
    keep_best: bool = False
    before_step: BeforeStep | None = None
    tracking: Tracking | None = None


def by_keyword(model: torch.nn.Module, inputs: Mapping[str, Any]) -> Any:
    """A `Task.forward` for inputs that are a dict of the model's arguments."""
    return model(**inputs)
