"""What of a task under a technique is kept, and how it goes on from there."""

from __future__ import annotations

import pickle
from collections.abc import Collection, Mapping
from itertools import chain
from typing import Any

import cloudpickle
import torch

from ...task import Task
from ..components.frozen_parameters import FrozenParameters
from ..components.learning_rate import LearningRate
from ..components.precision import LossScale
from ..components.state_dicts import (
    full_weights,
    model_state,
    optimizer_state,
    restore_model,
    restore_optimizer,
    settings_in,
)
from ..runtime.process_group import ProcessGroup

State = dict[str, Any]


class Restorable:
    """Saves and restores model, optimizer and schedule; techniques override what differs."""

    module: torch.nn.Module
    learning_rate: LearningRate

    _task: Task
    _world: ProcessGroup
    _optimizer: torch.optim.Optimizer
    _frozen: FrozenParameters
    _loss_scale: LossScale | None

    def state(self, changed: Collection[str] = ()) -> State:
        """Model, optimizer and schedule, each rank its shards; also the template to restore into.

        Parameters that are neither trained nor changed otherwise are left out: the factory makes
        them anew. A collective.

        Parameters
        ----------
        changed
            Names of further parameters to have in it.
        """
        weights, extra = self._model_state(changed)
        state: State = {
            "model": weights,
            "optim": self._optimizer_state(),
            # One value: what schedules keep differs in shape from step to step.
            "schedule": self.learning_rate.state(),
            "extra": cloudpickle.dumps(extra),
        }
        if self._loss_scale is not None:
            state["loss_scale"] = pickle.dumps(self._loss_scale.state())
        return state

    def saved_names(self) -> set[str]:
        """Names of what `state` has of the model, on any rank. A collective."""
        weights, _ = self._model_state(())
        return set(chain.from_iterable(self._world.gather(list(weights))))

    def restore(self, state: State) -> None:
        """Take over a state of any technique and world size. A collective."""
        restore_model(self.module, state["model"])
        for name, value in pickle.loads(state["extra"]).items():
            self._task.model.get_submodule(name).set_extra_state(value)
        restore_optimizer(self.module, self._optimizer, state["optim"])
        self.learning_rate.restore(state["schedule"])
        if self._loss_scale is not None:
            self._loss_scale.restore(pickle.loads(state["loss_scale"]))

    def settings(self) -> State:
        """What of `state` is as the task says it, whatever its weights are: rates, decays and the
        like, and how the schedule moves them. A collective.
        """
        optim = settings_in(self._optimizer_state(), self._optimizer)
        return {"optim": optim, "schedule": self.learning_rate.state()}

    def full_weights(self) -> dict[str, torch.Tensor]:
        """The plain model's state dict on the CPU, on rank 0; empty elsewhere. A collective."""
        return full_weights(self.module, is_root=self._world.is_root)

    def _model_state(self, changed: Collection[str]) -> tuple[dict[str, Any], dict[str, Any]]:
        """What of the model is to be kept, and the extra state of modules by their names."""
        return model_state(self.module, self._frozen.names - self._changed(changed))

    def _changed(self, known: Collection[str]) -> set[str]:
        """The parameters that were changed without being trained, on any rank. A collective."""
        changed = self._world.gather(self._frozen.changed())
        return {*known, *chain.from_iterable(changed)}

    def _optimizer_state(self) -> Mapping[str, Any]:
        return optimizer_state(self.module, self._optimizer)
