"""A task ready to step: its model on devices, its optimizer and its schedule."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import torch
from torch.distributed.tensor import DTensor

from ...task import Evaluation, Task
from ..components.batch_norm import BatchNorms
from ..components.frozen_parameters import FrozenParameters
from ..components.gradients import Gradients
from ..components.held_tensors import place_functions
from ..components.learning_rate import LearningRate
from ..components.loss import Part, counted_loss, outputs_of
from ..components.nested_tensors import move, pair
from ..components.optimizer_factory import make_optimizer
from ..components.precision import LossScale, precise
from ..components.scalars import NOTHING, LoggedScalars, Weighed, alone
from ..components.seeding import BlockSeeds, seed_all
from ..components.training_mode import begin_training
from ..model.blocks import find_blocks
from ..task.data_order import MicroBatch
from ..task.samples import Samples
from .context import Context
from .held_out_evaluation import HeldOutEvaluation
from .loss_weighing import LossWeighing
from .restorable import Restorable


class Runner(Restorable):
    """Steps, evaluates, saves and restores a task under one technique.

    As it is, it runs `module` as a whole on each device; techniques override what differs.

    Parameters
    ----------
    task
        The task whose model `module` runs.
    module
        The model as the technique placed or wrapped it, on the context's device.
    data_rank, data_ranks
        Which part of each batch this rank trains on, of how many. Every rank its own when absent;
        ranks that work on one batch together share a part.

    Attributes
    ----------
    micro_batches
        Into how many parts the batch of all ranks is cut.
    gradient_norm
        In the step made last, over all ranks, before it was clipped; None where it is not. On the
        device, as what follows.
    logged
        What was logged in that step on this rank, by name.
    """

    gradient_norm: torch.Tensor | None = None
    logged: Mapping[str, Weighed] = NOTHING

    _caches_casts = True
    """Whether a parameter cast to half precision is kept until the forward is over."""

    def __init__(
        self,
        task: Task,
        module: torch.nn.Module,
        context: Context,
        *,
        data_rank: int | None = None,
        data_ranks: int | None = None,
    ) -> None:
        self.module = module
        self.micro_batches = task.micro_batches
        self.data_rank = context.world.rank if data_rank is None else data_rank
        self.data_ranks = context.world.size if data_ranks is None else data_ranks
        self._task = task
        self._world = context.world
        self._device = context.device
        place_functions(task, self._device)
        begin_training(task.model)
        self._batch_norms = BatchNorms(task.model, self.data_ranks, self._world)
        self._optimizer = make_optimizer(task, list(self._trained()))
        self.learning_rate = LearningRate(task, self._optimizer, context.steps)
        self._weighing = LossWeighing(task, self._world)
        self._frozen = FrozenParameters(self.module)
        self._gradients = Gradients(self._world, self._device, self._copies)
        self._seeds = BlockSeeds(self._blocks()) if task.exact_random else None
        self._loss_scale = LossScale() if task.precision == "float16" else None

    def step(self, micro_batches: Sequence[MicroBatch]) -> torch.Tensor:
        """Make one optimizer step on this rank's part of a batch.

        Returns
        -------
        torch.Tensor
            This rank's share of the loss of the batch, on the device: the shares of all ranks
            add up to it. Reading it waits for the step, so that is left to those who need it.

        Raises
        ------
        SaturnError
            ``bad-batch`` or ``bad-loss`` when dataset or loss do not fit together.
        """
        return self.conclude(self._accumulate(micro_batches))

    def begin(self, micro: MicroBatch) -> tuple[Any, Any]:
        """Inputs and targets of a micro-batch, on the device, with what it draws seeded."""
        self._seed(micro.seed)
        self._batch_norms.counts = micro.samples > 0
        return pair(move(micro.batch, self._device))

    def share(
        self,
        part: Part,
        micro: MicroBatch,
        forward: Callable[[], Any],
        targets: Any,
        *,
        last: bool,
    ) -> torch.Tensor:
        """What to differentiate for a micro-batch.

        Parameters
        ----------
        part
            Takes in its loss.
        forward
            Gives the model's outputs of it.
        last
            Whether no other follows in `part`: then this is a collective.

        Raises
        ------
        SaturnError
            ``bad-loss``.
        """
        heard = LoggedScalars()
        with self._precise():
            _, loss = counted_loss(
                self._task, forward, targets, counting=self._weighing.may_count, heard=heard
            )
        whole = self.data_ranks == self.micro_batches == 1
        counts = self._weighing.by_count(loss, whole=whole)
        value = part.add(loss, micro.weight, counts=counts, heard=heard)
        if last:
            part.complete(self._world, self._voice)
        amplified: torch.Tensor = self._amplified(value)
        return amplified

    def conclude(self, part: Part) -> torch.Tensor:
        """Make the optimizer step for which gradients are there. Returns what `step` does."""
        share, scale = part.settle()
        self.logged = part.logged.of
        if self._conclude(scale):
            self._step_optimizer()
        self._optimizer.zero_grad(set_to_none=True)
        self.learning_rate.stepped()
        return alone(share)

    def forget(self) -> None:
        """Drop what was accumulated: no step follows by it."""
        self._optimizer.zero_grad(set_to_none=True)

    def evaluate(self, samples: Samples) -> dict[str, float]:
        """The loss over all samples, each counted once, and the task's metrics.

        A collective.

        Raises
        ------
        MetricsFailed
            On all ranks, when the task's metrics do.
        """
        return self._held_out.measure(samples)

    def evaluate_all(self, samples: Samples, evaluation: Evaluation, step: int) -> dict[str, float]:
        """What a task's own evaluation says of all samples. A collective."""
        return self._held_out.ask(evaluation, samples, step)

    @property
    def evaluated_at_once(self) -> int:
        """Held-out samples that all ranks together take at once, or each of them."""
        return self._held_out.at_once

    def release_optimizer(self) -> None:
        """Give back the memory of what only further steps would need: there are none."""
        self._optimizer.zero_grad(set_to_none=True)
        self._optimizer.state.clear()
        torch.cuda.empty_cache()  # does nothing where CUDA is not in use

    def is_finite(self) -> bool:
        """Whether all trained weights on this rank are numbers."""
        return all(bool(torch.isfinite(_local(p)).all()) for p in self._parameters())

    @property
    def _voice(self) -> float:
        """What this rank's numbers count in sums over all ranks: those of a part count once."""
        return self.data_ranks / self._world.size

    def _copies(self, parameter: torch.Tensor) -> float:
        """How many ranks hold each element of a parameter that is no DTensor."""
        return self._world.size

    def _trained(self) -> Iterator[tuple[str, torch.nn.Parameter]]:
        """The parameters that this rank trains, by their names in the plain model."""
        names = {id(p): name for name, p in self._task.model.named_parameters()}
        for name, parameter in self.module.named_parameters():
            if parameter.requires_grad:
                yield names.get(id(parameter), name), parameter

    def _parameters(self) -> list[torch.nn.Parameter]:
        groups = self._optimizer.param_groups
        return [parameter for group in groups for parameter in group["params"]]

    def _blocks(self) -> Sequence[torch.nn.Module]:
        """The repeated layers of the model, in order."""
        return find_blocks(self._task.model, self._task.blocks)

    @property
    def _held_out(self) -> HeldOutEvaluation:
        return HeldOutEvaluation(
            task=self._task,
            module=self.module,
            world=self._world,
            device=self._device,
            data_rank=self.data_rank,
            data_ranks=self.data_ranks,
            voice=self._voice,
            outputs=self._outputs,
            precise=self._precise,
        )

    def _accumulate(self, micro_batches: Sequence[MicroBatch]) -> Part:
        """Forward and backward of this rank's micro-batches, one after another."""
        part = Part(self._device)
        for number, micro in enumerate(micro_batches, 1):
            last = number == len(micro_batches)
            inputs, targets = self.begin(micro)
            with self._synchronising(last):
                forward = partial(self._outputs, inputs)
                value: Any = self.share(part, micro, forward, targets, last=last)
                value.backward()
        return part

    def _outputs(self, inputs: Any) -> Any:
        return outputs_of(self._task, self.module, inputs)

    def _seed(self, seed: int) -> None:
        """Seed what a micro-batch draws."""
        seed_all(seed)
        if self._seeds is not None:
            self._seeds.begin(seed)

    def _amplified(self, loss: torch.Tensor) -> Any:
        """The share of a batch's loss as its backward needs it."""
        if self._loss_scale is None:
            # Techniques average gradients over the ranks, but a batch's are a sum over them.
            return loss if self.data_ranks == 1 else loss * self.data_ranks
        # That factor comes later, for a gradient to overflow or not on any number of ranks.
        return loss.float() * self._loss_scale.value

    def _conclude(self, scale: torch.Tensor | None) -> bool:
        """Finish the gradients; `scale` as of `Part.settle`. Returns whether to step by them."""
        clip_norm, loss_scale = self._task.clip_norm, self._loss_scale
        if loss_scale is not None:
            outstanding = torch.tensor(self.data_ranks / loss_scale.value, device=self._device)
            scale = outstanding if scale is None else scale * outstanding
            clip_norm = clip_norm or math.inf  # the norm is wanted in any case
        if scale is None and clip_norm is None:
            return True
        norm = self._gradients.conclude(self._parameters(), scale, clip_norm)
        self.gradient_norm = norm
        return loss_scale is None or norm is None or loss_scale.accepts(norm)

    def _step_optimizer(self) -> None:
        self._optimizer.step()

    def _precise(self) -> AbstractContextManager[Any]:
        return precise(self._task, self._device.type, cached=self._caches_casts)

    def _synchronising(self, last: bool) -> AbstractContextManager[None]:
        """Round a micro-batch: gradients need to be averaged over the ranks after the last only."""
        return nullcontext()


def _local(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor.detach()
