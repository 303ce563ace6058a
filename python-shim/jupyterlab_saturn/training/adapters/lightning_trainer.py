"""What a LightningModule reads of ``self.trainer``, as the training here goes on."""

from __future__ import annotations

from typing import Any

from ...errors import SaturnError
from .accumulation import Accumulation


class UnknownAttribute(SaturnError, AttributeError):
    """Something of a Lightning Trainer that there is not here."""


class TrainerInPlace:
    """Stands in for the Trainer that a LightningModule would be attached to.

    It says what holds for one device with all of each batch, however many there are. It has
    nothing else: what it is asked in vain for is an error.
    """

    def __init__(self, options: dict[str, Any], datamodule: Any) -> None:
        self.datamodule = datamodule
        self.max_epochs = options["max_epochs"]
        self.max_steps = options["max_steps"]
        self.min_epochs = self.min_steps = None
        self.accumulate_grad_batches = options["accumulate_grad_batches"]
        self.gradient_clip_val = options["gradient_clip_val"]
        self.check_val_every_n_epoch = options["check_val_every_n_epoch"]
        self.precision = str(options["precision"])
        self.current_epoch = self.global_step = self.batch_idx = 0
        self.num_training_batches: int | float = float("inf")
        self.num_val_batches: list[int] = []
        self.estimated_stepping_batches: int | float = float("inf")
        self.train_dataloader: Any = None
        self.val_dataloaders: Any = None
        self.logger = self.log_dir = None
        self.loggers: list[Any] = []
        self.callbacks: list[Any] = []
        self.callback_metrics: dict[str, Any] = {}
        self.logged_metrics: dict[str, Any] = {}
        self.progress_bar_metrics: dict[str, Any] = {}
        self.optimizers: list[Any] = []
        self.world_size = self.num_devices = self.num_nodes = 1
        self.global_rank = self.local_rank = self.node_rank = 0
        self.is_global_zero = self.training = True
        self.validating = self.testing = self.predicting = self.evaluating = False
        self.sanity_checking = self.fast_dev_run = self.should_stop = self.is_last_batch = False
        self.log_every_n_steps = 50
        self._accumulation: Accumulation | None = None

    def follow(self, accumulation: Accumulation, batches: int, steps: int) -> None:
        """Know how long the training is, before it begins."""
        self._accumulation = accumulation
        self.num_training_batches, self.estimated_stepping_batches = batches, steps

    def before_step(self, step: int, epoch: int) -> None:
        """A `Task.before_step`."""
        accumulation = self._followed
        accumulation(step, epoch)
        self.current_epoch, self.global_step = epoch, step
        place = step % accumulation.steps_per_epoch
        self.batch_idx = place * self.accumulate_grad_batches
        self.is_last_batch = place + 1 == accumulation.steps_per_epoch

    def before_validation(self, step: int) -> None:
        """So many steps have been made: the epoch that they complete is not over yet."""
        per_epoch = self._followed.steps_per_epoch
        self.current_epoch, self.global_step = max(0, step - 1) // per_epoch, step
        self.training, self.validating = False, True

    def after_validation(self, metrics: dict[str, Any]) -> None:
        self.training, self.validating = True, False
        self.callback_metrics = {**self.callback_metrics, **metrics}

    @property
    def loss_share(self) -> float:
        """Lightning divides by the same number in steps that accumulate fewer batches, too."""
        return float(self._followed.count / self.accumulate_grad_batches)

    @property
    def _followed(self) -> Accumulation:
        assert self._accumulation is not None, "it is followed before anything is trained"
        return self._accumulation

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise UnknownAttribute(
            "no-trainer",
            f"The LightningModule asks its Trainer for {name}, which there is not here.",
            "Leave it out, or train it natively: add the cell with %%saturn task --native.",
        )
