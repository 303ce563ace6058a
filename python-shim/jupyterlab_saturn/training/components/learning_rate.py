"""The learning rate as a task's schedule moves it: by steps, by epochs or by a metric."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Mapping
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

import cloudpickle
import torch
from torch.optim.lr_scheduler import ReduceLROnPlateau

from ...errors import SaturnError
from ...task import Task
from .optimizer_factory import make_schedule
from .scalars import Scalar

_MADE_ANEW = (FunctionType, BuiltinFunctionType, MethodType, type, torch.optim.Optimizer)


class LearningRate:
    """Steps a task's schedule when it is due. Does nothing for a task that has none.

    Parameters
    ----------
    steps
        Optimizer steps in all; some schedules refuse to be stepped beyond them.

    Attributes
    ----------
    follows_metric
        Whether it wants to be told of evaluations.
    used
        In the step made last, of the first group of parameters; None where that has none.
    """

    def __init__(self, task: Task, optimizer: torch.optim.Optimizer, steps: int) -> None:
        self.used: Scalar | None = None
        self._optimizer = optimizer
        self._schedule = make_schedule(task, optimizer, steps)
        self._by_epoch = task.schedule_every == "epoch"
        self._metric = task.schedule_metric or "loss"
        self._steps_left = steps
        self.follows_metric = self._schedule is not None and _follows_metric(self._schedule)

    def stepped(self) -> None:
        """The optimizer made a step."""
        rate = self._optimizer.param_groups[0].get("lr")  # restoring makes new ones
        # A tensor is changed in place when the schedule moves on.
        self.used = rate.detach().clone() if isinstance(rate, torch.Tensor) else rate
        if self._schedule is None or self._by_epoch or self.follows_metric:
            return
        if self._steps_left > 0:
            self._steps_left -= 1
            self._schedule.step()

    def ended_epoch(self) -> None:
        """All batches of an epoch were trained on."""
        if self._schedule is not None and self._by_epoch and not self.follows_metric:
            self._schedule.step()

    def evaluated(self, metrics: Mapping[str, float]) -> None:
        """The task was evaluated while it trains.

        Raises
        ------
        SaturnError
            ``no-metric`` when the schedule follows a metric that is not among them.
        """
        if self._schedule is None or not self.follows_metric:
            return
        if self._metric not in metrics:
            raise SaturnError(
                "no-metric",
                f"The learning rate follows {self._metric!r}, but the evaluation gives "
                f"{', '.join(metrics) or 'nothing'}.",
                "Name one of them as the schedule_metric.",
            )
        self._schedule.step(metrics[self._metric])  # type: ignore[arg-type]

    def state(self) -> bytes:
        """What `restore` takes, on any rank of any technique.

        Functions and classes are left out: whoever restores has made the schedule anew.
        """
        if self._schedule is None:
            return pickle.dumps(None)
        kept = _without_functions(self._schedule.state_dict())
        return cloudpickle.dumps((self._steps_left, kept))  # type: ignore[no-any-return]

    def restore(self, state: bytes) -> None:
        if self._schedule is not None:
            self._steps_left, kept = pickle.loads(state)
            self._schedule.load_state_dict({**_functions(self._schedule.state_dict()), **kept})


def _follows_metric(schedule: Any) -> bool:
    if isinstance(schedule, ReduceLROnPlateau):
        return True
    first = next(iter(inspect.signature(schedule.step).parameters.values()), None)
    return (
        first is not None
        and first.default is inspect.Parameter.empty
        and first.kind in (first.POSITIONAL_ONLY, first.POSITIONAL_OR_KEYWORD)
    )


def _without_functions(state: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in state.items() if not _is_made_anew(value)}


def _functions(state: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in state.items() if _is_made_anew(value)}


def _is_made_anew(value: Any) -> bool:
    if isinstance(value, list | tuple) and value:
        return all(isinstance(part, _MADE_ANEW) for part in value)
    return isinstance(value, _MADE_ANEW)
