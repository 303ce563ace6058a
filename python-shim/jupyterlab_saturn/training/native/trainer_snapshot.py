"""What a Trainer's own checkpoints leave out: what it, its callbacks and its model have noted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from ..adapters.overrides import comes_from
from ..model.function_code import is_own
from .attribute_snapshot import AttributeSnapshot, own_parts
from .checkpoint_sidecar import CheckpointSidecar
from .native_loop import NativeRun

_PACKAGE = __name__.partition(".")[0]
_SHOWING = (_PACKAGE, "transformers.integrations", "transformers.utils.notebook")

_OF_STEP = ("current_gradient_accumulation_steps",)
"""What a Trainer sets before each step, by how many devices there are."""


class TrainerSnapshot(TrainerCallback):
    """Has it restored. To be called before all other callbacks.

    Parameters
    ----------
    newest
        The checkpoint that is gone on with, if there is one.

    Attributes
    ----------
    sidecar
        What is saved with each checkpoint.
    """

    def __init__(self, run: NativeRun, trainer: Any, newest: str | None) -> None:
        self._trainer = trainer
        self._after_epoch = False
        self.sidecar = CheckpointSidecar(
            run,
            trainer.model,
            lambda: AttributeSnapshot(
                self._owners,
                self._known,
                self._data,
                left_out=lambda thing: _OF_STEP if thing is trainer else (),
            ),
            None if newest is None else Path(newest),
            lambda folder: trainer._load_from_checkpoint(str(folder), trainer.model),
        )

    def on_train_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        self.sidecar.look()
        self._after_epoch = float(state.epoch or 0.5).is_integer()

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        if self._after_epoch:  # else what callbacks do now they have done before the pause
            self.sidecar.restore()

    def on_step_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        self.sidecar.restore()

    def _owners(self) -> Mapping[str, Any]:
        trainer = self._trainer
        callbacks = [
            each
            for each in trainer.callback_handler.callbacks
            if not comes_from(type(each), _SHOWING)
        ]
        return {
            "the Trainer": trainer,
            **{f"callback {i} {type(each).__name__}": each for i, each in enumerate(callbacks)},
            **own_parts(trainer.model),
        }

    def _data(self) -> Mapping[str, Any]:
        data = self._trainer.train_dataset
        return {"the dataset": data} if is_own(type(data)) and hasattr(data, "__dict__") else {}

    def _known(self) -> Mapping[str, Any]:
        names = (
            *("model", "model_wrapped", "optimizer", "lr_scheduler", "args", "state", "control"),
            *("accelerator", "callback_handler", "data_collator", "processing_class"),
            *("train_dataset", "eval_dataset", "compute_metrics"),
        )
        found = {name: getattr(self._trainer, name, None) for name in names}
        return {name: each for name, each in found.items() if each is not None}
