"""Whether the loss of a batch is that of its parts together: found on real samples."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...errors import SaturnError
from ...task import Task
from ..components.batch_norm import batch_norms
from ..runtime.failure import describe, is_out_of_memory
from ..task.samples import Samples
from .deadline import TimeUp
from .model_state import ModelState
from .reference_step import ReferenceStep


def why_indivisible(
    task: Task, samples: Samples, step: ReferenceStep, batches: Sequence[Sequence[int]]
) -> str | None:
    """Why the loss of a batch is not the mean of those of its parts; None when it is.

    By loss and gradient of some samples, a third of them and the rest of them. Layers of batch
    normalisation are in evaluation mode: their statistics are taken over all parts anyway.

    Parameters
    ----------
    batches
        Indices of the samples of each batch that is tried.

    Raises
    ------
    TimeUp
        Under a `deadline`.
    """
    state = ModelState(task.model)
    normalising = [layer for layer in batch_norms(task.model) if layer.training]
    for layer in normalising:
        layer.eval()
    try:
        reasons = (_of_batch(samples, step, state, batch) for batch in batches)
        return next((reason for reason in reasons if reason is not None), None)
    finally:
        for layer in normalising:
            layer.train()


def _of_batch(
    samples: Samples, step: ReferenceStep, state: ModelState, indices: Sequence[int]
) -> str | None:
    if len(indices) < 2:
        return None
    first = max(1, len(indices) // 3)
    ranges = [range(first), range(first, len(indices))]
    # On devices each part begins with what the model was before the batch.
    whole = step.gradient([(samples.batch(indices), 1.0)], state.kept)
    if not math.isfinite(whole.loss):
        return None
    try:
        parts = samples.parts(indices, ranges)
        shares = [len(part) / len(indices) for part in ranges]
        return step.difference(
            whole, step.gradient(list(zip(parts, shares, strict=True)), state.kept)
        )
    except SaturnError as error:
        return error.message.rstrip(".")
    except Exception as error:
        if is_out_of_memory(error) or isinstance(error, TimeUp):
            raise
        return f"a part of it fails: {describe(error, 'forward-failed')['message']}"
