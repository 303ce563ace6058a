"""What a rank loads for a step: a function of the task and the step, whatever the devices."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch.utils.data._utils.pin_memory import pin_memory

from ...errors import SaturnError
from ...task import Task
from ..components.seeding import derive
from .epoch_order import EpochOrder
from .samples import Samples

_BLOCK_BYTES = 1 << 18
_BLOCK_STEPS = 64


@dataclass(frozen=True, slots=True)
class MicroBatch:
    """Samples that go through the model together.

    Attributes
    ----------
    batch
        What collating them gave.
    samples
        How many of them count: 0 for one that only keeps this rank in step with others.
    weight
        What their mean counts in the mean over the batch of all ranks.
    seed
        For what is drawn while the model works on them.
    """

    batch: Any
    samples: int
    weight: float
    seed: int

    def pin_memory(self) -> MicroBatch:
        """Itself, with a batch from which copies to a GPU need not be waited for, if possible."""
        try:
            return replace(self, batch=pin_memory(self.batch))  # type: ignore[no-untyped-call]
        except Exception as error:  # of odd batches, or of a system that pins no more memory
            warnings.warn(f"Batches are not pinned, so copies take longer: {error}", stacklevel=1)
            return self


class TrainBatches:
    """The batches of a training run, by step.

    Rank r gets the r-th of so many parts of a batch, equal but for the last batch of an epoch,
    where a part may be empty. Or, where a step takes several batches whose losses count equally,
    whole ones of them.

    Parameters
    ----------
    seed
        Of the task.
    micro_batches
        Into how many parts the batch of all ranks is cut. Each rank has its share of them; when
        they do not divide by the ranks, its part is cut into so many of equal size as it takes
        for none to be larger. The task's when 0.

    Raises
    ------
    SaturnError
        ``uneven-batch`` when the batch does not divide by the ranks; as `EpochOrder`.
    """

    def __init__(
        self,
        task: Task,
        samples: Samples,
        seed: int,
        rank: int = 0,
        ranks: int = 1,
        micro_batches: int = 0,
    ) -> None:
        if task.batch_size % ranks != 0:
            raise SaturnError(
                "uneven-batch",
                f"A batch of {task.batch_size} samples does not divide evenly over {ranks} "
                "devices.",
                "Choose a batch size that does, or fewer devices.",
            )
        self._order = EpochOrder(task, samples.count, seed)
        self._samples = samples
        self._seed = seed
        self._rank = rank
        self._ranks = ranks
        self._whole = takes_whole_batches(task)
        self._pieces = math.ceil((micro_batches or task.micro_batches) / ranks)
        self.steps_per_epoch = self._order.steps_per_epoch
        row_bytes = samples.row_bytes
        self._block_steps = 1
        # What is called before a step may change the data.
        if row_bytes is not None and not self._whole and task.before_step is None:
            part_bytes = max(1, row_bytes * task.batch_size // ranks)
            self._block_steps = max(1, min(_BLOCK_STEPS, _BLOCK_BYTES // part_bytes))

    def indices(self, step: int) -> list[int]:
        """The samples that this rank trains on in a step, counted from 0."""
        _, batches = self._order.batches(step)
        parts = self._parts(batches)
        return [batches[number][place] for number, places, w in parts if w > 0 for place in places]

    def micro_batches(self, step: int) -> list[MicroBatch]:
        """This rank's part of the batch of a step, counted from 0, to be worked on in order."""
        epoch, batches = self._order.batches(step)
        parts = self._parts(batches)
        if self._whole:
            loaded = [self._samples.batch(batches[number], epoch) for number, _, _ in parts]
        else:
            loaded = self._samples.parts(batches[0], [places for _, places, _ in parts], epoch)
        return self._micro_batches(step, loaded, parts)

    def block(self, step: int) -> tuple[int, list[list[MicroBatch]]]:
        """As `micro_batches` of all steps that are best loaded with one, and the first of them.

        Rows of tensors are: of a small model a step takes no longer than to gather its rows.
        Which steps are together depends on the step alone, as a sum may depend on where in memory
        its numbers are.
        """
        steps = self._block_steps
        if steps == 1:
            return step, [self.micro_batches(step)]
        begin = step - step % self.steps_per_epoch
        first = begin + (step - begin) // steps * steps
        numbers = range(first, min(first + steps, begin + self.steps_per_epoch))
        batches = [self._order.batches(number)[1] for number in numbers]
        parts = [self._parts(each) for each in batches]
        places = [[places for _, places, _ in each] for each in parts]
        loaded = self._samples.rows([each[0] for each in batches], places)
        return first, [
            self._micro_batches(*each) for each in zip(numbers, loaded, parts, strict=True)
        ]

    def _micro_batches(
        self, step: int, loaded: Sequence[Any], parts: Sequence[tuple[int, range, float]]
    ) -> list[MicroBatch]:
        return [
            MicroBatch(
                batch,
                len(places) if weight > 0 else 0,
                weight,
                # By its place in the whole batch, whatever rank has it.
                derive(self._seed, "step", step, self._rank * len(parts) + turn),
            )
            for turn, (batch, (_, places, weight)) in enumerate(zip(loaded, parts, strict=True))
        ]

    def _parts(self, batches: list[Any]) -> list[tuple[int, range, float]]:
        """This rank's parts: of which batch, what places in it, and their weight.

        As many on each rank, for sharded models need all ranks at each forward.
        """
        if self._whole:
            turns = math.ceil(len(batches) / self._ranks)
            numbers = range(self._rank * turns, (self._rank + 1) * turns)
            return [
                (n, range(len(batches[n])), 1 / len(batches))
                if n < len(batches)
                else (0, range(len(batches[0])), 0.0)
                for n in numbers
            ]
        count = len(batches[0])
        pieces = self._pieces * self._ranks
        first = self._rank * self._pieces
        cuts = [count * piece // pieces for piece in range(first, first + self._pieces + 1)]
        return [
            (0, range(begin, end), (end - begin) / count) if end > begin else (0, range(1), 0.0)
            for begin, end in itertools.pairwise(cuts)
        ]


def takes_whole_batches(task: Task) -> bool:
    """Whether a step takes several batches whose losses count equally, so that none is cut."""
    return task.equal_parts and task.micro_batches > 1


def evaluation_parts(count: int, size: int, rank: int, ranks: int) -> Iterator[tuple[range, int]]:
    """Cut held-out samples into forwards of at most `size`, dealt out to the ranks.

    Every rank gets the same number of forwards, since sharded models need all ranks at each.
    Yields the samples of a forward and how many of them count: 0 for one that only fills up.
    Each sample counts exactly once over all ranks.
    """
    forwards = math.ceil(math.ceil(count / size) / ranks)
    for turn in range(forwards):
        first = (turn * ranks + rank) * size
        if first < count:
            part = range(first, min(first + size, count))
            yield part, len(part)
        else:
            yield range(min(size, count)), 0
