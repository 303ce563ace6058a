"""A loop of the user's own: a function that trains, and says so with ``saturn.steps`` or not."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.utils.data import DataLoader, DistributedSampler

from ...errors import SaturnError
from ..components.scalars import Scalar, kept
from ..components.seeding import derive, seed_all
from ..run.model_export import write_weights
from ..runtime.interception import Interception
from .divided_loader import BatchesOfRoot, is_divisible, settings
from .gradient_accumulation import GradientAccumulation
from .loop_checkpoint import LoopCheckpoint, Position
from .monitor import Loop, StepReport, Wish, why_not_divided
from .native_loop import NativeLoop, refuse_length
from .outer_loop import is_in_loop
from .random_state import random_state, restore_random

T = TypeVar("T")

_PACKAGE = str(Path(__file__).parents[2])


class PlainLoop(NativeLoop):
    """What ``saturn.steps``, ``report``, ``checkpoint`` and ``restore`` do in a rank.

    A loop with an ``accelerate.Accelerator`` may run on several ranks: it divides its batches.
    """

    def __init__(self) -> None:
        self._accelerates = False
        self._restored: Position | None = None
        self._position = Position()
        self._items: Any = None
        self._wish = Wish()
        self._loss: Scalar | None = None
        self._has_steps = False
        self._may_save = False
        self._saved_step = 0
        self._accumulation = GradientAccumulation()

    @property
    def _checkpoint(self) -> LoopCheckpoint:
        return LoopCheckpoint(self.run)

    def interceptions(self) -> Sequence[Interception]:
        return (
            Interception("accelerate.accelerator", "Accelerator", "__init__", self._accelerate),
            Interception(
                "accelerate.accelerator", "Accelerator", "prepare_data_loader", self._prepare
            ),
            Interception("torch.optim.optimizer", "Optimizer", "__init__", self._optimize),
        )

    def claims(self, made: Any) -> bool:
        return False  # it ran while the function did

    def begin(self, made: Any) -> None:
        raise NotImplementedError

    def was_followed(self) -> bool:
        return self._has_steps

    def export(self, made: Any) -> Path | None:
        weights = made.state_dict() if isinstance(made, torch.nn.Module) else made
        if not isinstance(weights, Mapping) or not weights:
            return None
        if not all(isinstance(value, torch.Tensor) for value in weights.values()):
            return None
        path = self.run.paths.model(self.run.spec["name"])
        if self.run.world.is_root:
            write_weights(path, dict(weights), self.run.claim.attempt)
        return path

    def steps(
        self, items: Iterable[T], epochs: int, total: int | None, distributed: bool
    ) -> Iterator[T]:
        if self._has_steps:  # of another loop, after the one that counts
            return itertools.chain.from_iterable(itertools.repeat(items, epochs))
        self._has_steps = True
        refuse_length(self.run.spec, "it goes through the items that the function gives it")
        frame = sys._getframe(2)  # behind `saturn.steps`
        if is_in_loop(frame, _PACKAGE):
            raise SaturnError(
                "bad-loop",
                "saturn.steps is called in each pass of another loop, so it is not known how many "
                "steps there are in all.",
                "Write saturn.steps(loader, epochs=3), or put it around the outer loop.",
            )
        return self._counted(items, epochs, total, distributed)

    def _counted(
        self, items: Iterable[T], epochs: int, total: int | None, distributed: bool
    ) -> Iterator[T]:
        monitor = self.run.monitor
        monitor.begins(lambda: self._describe(items, epochs, total, distributed))
        begin = self._position = self._restored or Position()
        self._saved_step = begin.step
        monitor.started(begin.step)
        self.run.logged.take()  # what was logged before it is of no step
        hook = register_optimizer_step_post_hook(self._accumulation.stepped)
        try:
            yield from self._passes(items, epochs, begin)
        finally:
            hook.remove()

    def _passes(self, items: Iterable[T], epochs: int, begin: Position) -> Iterator[T]:
        for epoch in range(begin.epoch, epochs):
            resumes = self._restored is not None and epoch == begin.epoch
            if resumes:
                restore_random(items, begin.epoch_random)
            drawn = random_state(items)
            iterator = iter(items)
            done = begin.index if resumes else 0
            for _ in itertools.islice(iterator, done):
                pass
            if resumes:
                self._go_on_drawing(items, begin)
            for index, item in enumerate(iterator, done + 1):
                step = self._position.step + 1
                self._position = Position(step, epoch, index, drawn)
                self._items = items
                self._accumulation.next_item()
                yield item
                self._stepped(step)

    def report(self, step: int | None, loss: Any, metrics: Mapping[str, Any]) -> None:
        self._loss = None if loss is None else kept(loss)
        if metrics:
            numbers = {name: _number(value) for name, value in metrics.items()}
            at = self._position.step if step is None or self._has_steps else step
            self.run.monitor.evaluated(at, numbers)

    def checkpoint(self, state: Mapping[str, Any]) -> None:
        self._may_save = True
        if not self._wish.save or self._saved_step == self._position.step:
            return
        if self._accumulation.delays():
            return
        at = replace(self._position, random=random_state(self._items))
        self._checkpoint.save(at, state)
        self._saved_step = self._position.step
        self.run.monitor.saved(self._saved_step)

    def restore(self) -> dict[str, Any] | None:
        found = self._checkpoint.newest() if self.run.keeps else None
        if found is None:
            return None
        self._restored, state = found
        return state

    def _stepped(self, step: int) -> None:
        """After a step, on all ranks: what is to be done in the next one, or whether it ends."""
        loss, self._loss = self._loss, None
        if self._wish.save:
            [saved, *_] = self.run.world.gather(self._saved_step)  # the first rank writes it
            if saved == step and self._wish.stop:
                self.run.monitor.stopped(step)
            if saved == step:
                self._wish = Wish()
        wish = self.run.monitor.stepped(step, StepReport(loss=loss, logged=self.run.logged.take()))
        self._wish = Wish(self._wish.save or wish.save, self._wish.stop or wish.stop)
        if wish.stop and not any(self.run.world.gather(self._may_save)):
            self.run.monitor.stopped(self._saved_step)  # it offers nothing to wait for

    def _go_on_drawing(self, items: Any, begin: Position) -> None:
        rank = self.run.world.rank
        if rank == 0:
            restore_random(items, begin.random)
        else:  # what these drew before is not known, and they are not to draw what the first does
            seed_all(derive(self.run.spec["seed"], "resumed", begin.step, rank))

    def _optimize(
        self, make: Callable[..., None], optimizer: Any, *args: Any, **options: Any
    ) -> None:
        make(*args, **options)
        self._accumulation.made(optimizer)

    def _accelerate(self, make: Callable[..., None], _: Any, *args: Any, **options: Any) -> None:
        from accelerate.utils.dataclasses import DataLoaderConfiguration

        # The batch of a script is that of all ranks, unless it says itself how it is, as a Trainer.
        given = options.setdefault("dataloader_config", DataLoaderConfiguration(split_batches=True))
        self._accelerates = bool(given and given.split_batches)
        make(*args, **options)

    def _prepare(
        self, prepare: Callable[..., Any], _: Any, loader: Any, *args: Any, **options: Any
    ) -> Any:
        """Have a script's samples come in the order of one process, whatever the ranks are."""
        if self._accelerates and self.run.world.size > 1 and is_divisible(loader):
            batches = BatchesOfRoot(loader.batch_sampler, self.run.world)
            loader = DataLoader(dataset=loader.dataset, batch_sampler=batches, **settings(loader))
        return prepare(loader, *args, **options)

    def _describe(self, items: Any, epochs: int, total: int | None, distributed: bool) -> Loop:
        counted = hasattr(items, "__len__")
        if total is None and not counted:
            raise SaturnError(
                "bad-loop",
                f"saturn.steps goes through a {type(items).__name__}, whose length is not known.",
                "Say it: saturn.steps(items, total=1000).",
            )
        steps = total if total is not None else len(items) * epochs
        sampler = getattr(items, "batch_sampler", None)
        batch = getattr(sampler, "batch_size", None) or 1
        data = getattr(items, "dataset", items)
        samples = len(data) if hasattr(data, "__len__") else steps * batch

        def why_not(devices: int) -> str | None:
            if devices == 1:
                return None
            if not (self._accelerates or distributed):
                return (
                    "the loop does not say that it divides its batches, by an Accelerator with "
                    "split_batches=True or by saturn.steps(..., distributed=True)"
                )
            if sampler is None:
                return None  # what a step takes is not for us to divide
            drops = bool(getattr(sampler, "drop_last", False))
            hint = "drop_last=True of the DataLoader"
            return why_not_divided(samples, batch, devices, drops_last=drops, hint=hint)

        return Loop(
            steps=max(1, steps),
            steps_per_epoch=max(1, math.ceil(steps / epochs)),
            samples=max(1, samples),
            batch_size=batch,
            logged_batch=self._logged_batch(items, distributed),
            why_not=why_not,
        )

    def _logged_batch(self, items: Any, distributed: bool) -> int | None:
        """Samples of a step on all ranks together, as far as a DataLoader tells them."""
        sampler = getattr(items, "batch_sampler", None)
        batch: int | None = getattr(sampler, "batch_size", None)
        if batch is None or self._accelerates or self.run.world.size == 1:
            return batch
        inner = getattr(sampler, "sampler", None)
        if not (distributed and isinstance(inner, DistributedSampler)):
            return None
        return batch * inner.num_replicas


def _number(value: Any) -> float:
    return float(value.detach() if isinstance(value, torch.Tensor) else value)
