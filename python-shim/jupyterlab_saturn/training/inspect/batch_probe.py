"""Whether the loss of a batch is that of its parts together: found on real samples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ...errors import SaturnError
from ...task import Task
from ..runtime.failure import describe, is_out_of_memory
from ..task.samples import Samples
from .deadline import TimeUp
from .gradient import Gradient
from .model_state import ModelState, without_batch_statistics
from .reference_step import ReferenceStep
from .telling_batches import TellingBatch

_SURE, _DOUBTFUL = 1e-6, 2e-4
"""How far off, relatively, rounding may take a loss in single precision: surely, and at most."""

_EXACT = 1e-7  # in double precision
_COARSE = 5e-2  # with parameters in half precision
_SHARE = 1e-4


def why_indivisible(
    task: Task, samples: Samples, step: ReferenceStep, batches: Sequence[TellingBatch]
) -> str | None:
    """Why the loss of a batch is not the mean of those of its parts; None when it is.

    By loss and gradient of some samples and of three parts of them. What forwards change is as it
    was before each of them: whether a technique bears that is another question.

    Parameters
    ----------
    batches
        Those that are tried.

    Raises
    ------
    TimeUp
        Under a `deadline`.
    """
    probe = _Probe(samples, step, ModelState(task.model))
    with without_batch_statistics(task.model):
        reasons = (probe.why_not(batch, places) for batch, places in batches)
        return next((reason for reason in reasons if reason is not None), None)


@dataclass(frozen=True)
class _Probe:
    samples: Samples
    step: ReferenceStep
    state: ModelState

    def why_not(self, indices: Sequence[int], places: Sequence[int]) -> str | None:
        """Why a batch cannot be cut, tried by its samples, some of them by themselves."""
        if len(indices) < 2:
            return None
        whole = self._whole(indices, False)
        if not math.isfinite(whole.loss):
            return None
        count, failure = len(indices), None
        alone = ([range(p), range(p, p + 1), range(p + 1, count)] for p in places)
        for cut in (*alone, _cut(count)):
            failure = None
            try:
                reason = self._compared(indices, [part for part in cut if part], whole)
            except SaturnError as error:
                return error.message.rstrip(".")
            except Exception as error:
                if is_out_of_memory(error) or isinstance(error, TimeUp):
                    raise
                # One sample may be too few for the model, and yet more of them be enough.
                failure = f"a part of it fails: {describe(error, 'forward-failed')['message']}"
                continue
            if reason is not None:
                return reason
        return failure

    def _compared(
        self, indices: Sequence[int], ranges: Sequence[range], whole: Gradient
    ) -> str | None:
        parts = self._parts(indices, ranges, whole.counted, False)
        if self.step.half:
            return whole.difference(parts, _COARSE, 1.0)
        reason = whole.difference(parts, _DOUBTFUL, 1.0)
        if reason is not None or whole.difference(parts, _SURE, _SHARE) is None:
            return reason
        try:
            whole = self._whole(indices, True)
            parts = self._parts(indices, ranges, whole.counted, True)
        except Exception as error:
            if is_out_of_memory(error) or isinstance(error, TimeUp):
                raise
            return None  # it computes in single precision only, and there it was close
        return whole.difference(parts, _EXACT, _SHARE)

    def _whole(self, indices: Sequence[int], double: bool) -> Gradient:
        batch = self.samples.batch(indices)
        return self.step.gradient([(batch, 1.0)], self.state, double=double)

    def _parts(
        self, indices: Sequence[int], ranges: Sequence[range], counted: bool, double: bool
    ) -> Gradient:
        parts = self.samples.parts(indices, ranges)
        shares = [len(part) / len(indices) for part in ranges]
        weighed = list(zip(parts, shares, strict=True))
        return self.step.gradient(weighed, self.state, counted=counted, double=double)


def _cut(count: int) -> list[range]:
    """Three parts of so many samples, fewer of few.

    At places without a common divisor, so that neighbours which belong together are parted.
    """
    first = max(1, count // 3)
    first += first > 1 and first % 2 == 0 and first + 3 <= count
    cuts = [0, first, min(first + 2, count), count]
    return [range(begin, end) for begin, end in pairwise(cuts)]
