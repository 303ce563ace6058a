"""Training and trying a task that trains by itself, for the agent."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from torch.optim.optimizer import register_optimizer_step_pre_hook

from ..run.attempt_claim import AttemptClaim
from ..run.cell_measurement import CellMeasurement
from ..run.given_model import give_model
from ..run.headroom import require_headroom
from ..run.observers import observer_of
from ..run.training_measurement import TrainingMeasurement
from ..runtime.device import RankDevice
from ..runtime.event_sender import EventSender
from ..runtime.failure import describe
from ..runtime.group_orders import GroupOrders
from ..runtime.process_group import ProcessGroup
from ..runtime.rank_request import RankRequest
from .monitor import LoopOver, Monitor
from .native_loop import NativeLoop, NativeRun
from .native_run import NativeTask
from .training_monitor import TrainingMonitor
from .trial_monitor import STEPS_MOST, TrialMonitor

if TYPE_CHECKING:
    from ...generated.wire_types import Result, TaskSpec

PIECE_SECONDS = 600.0
"""What is assumed of a function that is one piece and takes longer than a trial."""
_TRIAL_SECONDS = 20.0


def train_natively(
    request: RankRequest,
    world: ProcessGroup,
    device: RankDevice,
    events: EventSender,
    orders: GroupOrders,
) -> None:
    """Have the request's task train, from its newest checkpoint to its end or until told to stop.

    Raises
    ------
    SaturnError
        As `NativeTask.train`, and whatever its loop raises. Its checkpoints stay.
    """
    observer = observer_of(request, world, events)
    measurement = TrainingMeasurement(request, world, device, observer.measured)
    measurement.requested_at = orders.wait(events)  # what its function builds, it trains at once
    claim = AttemptClaim.of_task(request.paths, request.task["name"], request.attempt)
    world.on_root(claim.make)
    monitor = TrainingMonitor(
        world,
        device,
        measurement,
        observer,
        checkpoint_seconds=request.checkpoint_seconds,
        step_seconds=request.step_seconds,
        steps=request.steps,
        stop_wanted=orders.stop_wanted,
        until=orders.until,
        rungs=request.rungs,
    )
    task = NativeTask(_run(request, world, device, monitor, keeps=True))
    try:
        task.train()
    except LoopOver:
        return
    measurement.ended()
    world.on_root(claim.require)
    with device.unlimited():
        model = task.export()
    loop = task.loop
    step = request.steps if loop is None else monitor.step
    result: Result = {"metrics": monitor.evaluations.get(step, {})}
    loss = monitor.final_loss()
    if loss is not None:
        result["loss"] = loss if math.isfinite(loss) else None
    if model is not None:
        result["model"] = str(model.relative_to(request.paths.folder))
    if loop is not None:
        _judge(loop, monitor, result)
        if step < request.steps:
            result["stoppedEarly"] = True
    if world.is_root:
        _give(request, monitor, step, result)
    observer.finished(step, result)


def _give(request: RankRequest, monitor: TrainingMonitor, step: int, result: Result) -> None:
    """Put the model into a folder for others; how large the task is its own loop knows alone."""
    give_model(
        request.paths,
        request.task,
        result,
        step=step,
        validations=[
            {"step": at, "metrics": metrics}
            for at, metrics in sorted(monitor.evaluations.items())
            if at != step
        ],
        sizes={
            "batch_size": None,
            "steps": request.steps,
            "samples": None,
            "parameters": None,
        },
    )


def _judge(loop: NativeLoop, monitor: TrainingMonitor, result: Result) -> None:
    """What the trained model is worth. It is kept, whatever that raises."""
    best = loop.best_step()
    if best is not None:
        result["bestStep"] = best
    try:
        monitor.evaluated(monitor.step, loop.evaluate())
    except Exception as error:
        result["evaluationError"] = describe(error, "evaluation-failed")
    result["metrics"] = monitor.evaluations.get(monitor.step, {})


def try_natively(
    request: RankRequest, world: ProcessGroup, device: RankDevice, events: EventSender
) -> None:
    """Measure some steps of the request's task and tell the agent the profile cell.

    Nothing that the loop writes where it is told to is kept.

    Raises
    ------
    torch.OutOfMemoryError
        When steps take nearly all the memory of a GPU, and anything else they raise.
    """
    measurement = CellMeasurement(request, world, device, STEPS_MOST)
    monitor = TrialMonitor(world, device, measurement)
    begin = time.time()
    try:
        with _ending_one_piece(monitor):
            NativeTask(_run(request, world, device, monitor, keeps=False)).train()
        piece = time.time() - begin
    except LoopOver:
        piece = PIECE_SECONDS
    if not monitor.has_begun:
        measurement.timer.add(piece, 1)
    measurement.note_peak()
    require_headroom(world, device)
    cell = measurement.cell()
    if world.is_root:
        events.emit({"kind": "trial", "cell": cell})


def identity(spec: TaskSpec) -> str:
    """What a checkpoint must be of to be gone on from."""
    return f"native/{spec.get('trainingHash', spec['hash'])}/seed-{spec['seed']}"


def _run(
    request: RankRequest,
    world: ProcessGroup,
    device: RankDevice,
    monitor: Monitor,
    *,
    keeps: bool,
) -> NativeRun:
    paths = request.paths
    folder = paths.native(request.task["name"]) if keeps else paths.trial(request.job)
    return NativeRun(
        spec=request.task,
        paths=paths,
        world=world,
        monitor=monitor,
        folder=folder,
        identity=identity(request.task),
        keeps=keeps,
        claim=AttemptClaim.of_task(paths, request.task["name"], request.attempt),
        device=device,
    )


@contextmanager
def _ending_one_piece(monitor: TrialMonitor) -> Iterator[None]:
    """End a function in time that trains, but in a loop that nobody follows."""
    optimizes = False

    def note(*_: Any) -> None:
        nonlocal optimizes
        optimizes = True

    def look(_signal: int, _frame: FrameType | None) -> None:
        if optimizes and not monitor.has_begun:
            raise LoopOver

    hook = register_optimizer_step_pre_hook(note)
    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, _TRIAL_SECONDS, _TRIAL_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        hook.remove()
