"""What cannot be right in a task, and what is worth knowing of it, told before anything runs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.nn.parameter import is_lazy
from torch.utils._pytree import tree_leaves

from ...errors import SaturnError
from ...task import Task
from ..components.nested_tensors import shapes
from ..components.optimizer_factory import make_optimizer, why_not_remade
from ..components.precision import HALVES
from ..components.seeding import global_state
from .epoch_order import few_batches, first_batch
from .samples import Samples

_PRECISIONS = ("float32", *HALVES)
_OPTIMIZERS_BY_ELEMENT = frozenset(
    {torch.optim.SGD, torch.optim.ASGD, torch.optim.Adam, torch.optim.AdamW, torch.optim.Adamax}
    | {torch.optim.NAdam, torch.optim.RAdam, torch.optim.RMSprop, torch.optim.Adagrad}
    | {torch.optim.Adadelta}
)
"""What a step of them does to a number depends on no other."""
_PROBES = 4
_LOADED, _SECONDS = 64, 1.0  # samples that are loaded twice; few of them if that takes long
_FEW = 16


def require_valid(task: Task) -> None:
    """Check the settings of a task against each other.

    Raises
    ------
    SaturnError
        ``bad-task``.
    """
    named = [*task.model.named_parameters(), *task.model.named_buffers()]
    unknown = [name for name, tensor in named if is_lazy(tensor)]
    if unknown:
        raise _bad(
            f"The size of {unknown[0]} is not known yet: its layer waits for a first batch.",
            "Show it one in the function, before an optimizer is made: model(inputs).",
        )
    pieces, batch, clip = task.micro_batches, task.batch_size, task.clip_norm
    if not _is_count(pieces) or batch % pieces != 0:
        raise _bad(
            f"A batch of {batch} cannot be cut into {pieces!r} equal micro_batches.",
            "Give a whole number that divides the batch_size.",
        )
    if clip is not None and not (_is_number(clip) and clip > 0):
        raise _bad(
            f"The clip_norm is {clip!r}, but a norm to clip to is above 0.",
            "Leave it out to clip nothing.",
        )
    if task.precision not in _PRECISIONS:
        raise _bad(
            f"There is no precision {task.precision!r}.", f"There are: {', '.join(_PRECISIONS)}."
        )
    if task.validate_every is not None and not _is_count(task.validate_every):
        raise _bad(
            f"The validate_every is {task.validate_every!r}, but it counts steps.",
            "Give 1 or more, or leave it out to evaluate at the end only.",
        )
    if task.stop_early is not None and (task.validate_every is None or task.eval_data is None):
        raise _bad(
            "The rule stop_early looks at evaluations while training, but there are none.",
            "Give the Task validate_every and eval_data, too.",
        )
    if task.keep_best and task.best is None:
        raise _bad(
            "The best model is to be kept, but the Task does not say which one that is.",
            'Give it best as well, e.g. best="accuracy:max".',
        )
    if not _is_count(task.workers, least=0):
        raise _bad(
            f"The workers are {task.workers!r}, but they count processes.",
            "Give 0 to load between the steps.",
        )
    for role in ("forward", "parameter_groups", "stop_early", "export"):
        part = getattr(task, role)
        if part is not None and not callable(part):
            raise _bad(
                f"The {role} is a {type(part).__name__}, not a function.", "Pass a function."
            )


def why_not_split(task: Task) -> str | None:
    """Why a task's parameters cannot be spread over devices piece by piece."""
    trained = [(name, p) for name, p in task.model.named_parameters() if p.requires_grad]
    kind = type(make_optimizer(task, trained))
    if kind not in _OPTIMIZERS_BY_ELEMENT:
        return (
            f"the optimizer {kind.__name__} is not known to work on each number by itself, which "
            "sharding needs; use ddp"
        )
    sparse = next((n for n, m in task.model.named_modules() if getattr(m, "sparse", False)), None)
    if sparse is not None:
        return f"the gradient of {sparse} is sparse, which cannot be sharded"
    return why_not_remade(task, trained, in_parts=False)


def warnings(task: Task, samples: Samples) -> Iterator[str]:
    """What the user should know of a task that can be trained, in sentences.

    Parameters
    ----------
    samples
        The task's data.
    """
    yield from task.remarks
    if _vary(task, samples):
        yield (
            "Batches differ in shape, so steps differ in time and memory: a trial measures some of "
            "them."
        )


def _vary(task: Task, samples: Samples) -> bool:
    """Whether batches differ in shape."""
    if task.order is None:
        size = min(len(first_batch(task, samples.count)), _FEW)
        starts = (min(index, samples.count - size) for index in _probed(samples))
        some: list[Sequence[int]] = [range(start, start + size) for start in starts]
    else:
        some = few_batches(task, samples.count, _FEW)
        some = [each for each in some if len(each) == len(some[0])]  # the last may be incomplete
    return len({str(shapes(samples.batch(indices))) for indices in some}) > 1


def require_repeatable(samples: Samples, batch: Sequence[int]) -> None:
    """Check that samples and a batch of them, loaded twice, are the same.

    Raises
    ------
    SaturnError
        ``unseeded-data``.
    """
    end = time.monotonic() + _SECONDS
    for number, index in enumerate(_spread(samples.count, _LOADED)):
        if number >= _PROBES and time.monotonic() > end:
            break
        first, drawn = samples.sample(index), global_state()
        if differs(first, samples.sample(index)):
            raise _unseeded(f"Sample {index} of the data looks")
        if global_state() != drawn:
            raise SaturnError(
                "unseeded-data",
                f"Sample {index} of the data draws random numbers when it is first loaded, and "
                "remembers what came of them: it would look different on other devices.",
                "Draw each time, or once for all samples in the factory; or train by your own "
                "loop: %%saturn task --native.",
            )
    some = batch[:_FEW]
    if differs(samples.batch(some), samples.batch(some)):
        raise _unseeded("A batch that the collate makes looks")


def differs(value: Any, other: Any) -> bool:
    """Whether a tensor of two batches or samples of one form is not the same."""
    return any(
        isinstance(one, torch.Tensor)
        and isinstance(two, torch.Tensor)
        and not (one.shape == two.shape and torch.equal(_bits(one), _bits(two)))
        for one, two in zip(tree_leaves(value), tree_leaves(other), strict=False)
    )


def _unseeded(what: str) -> SaturnError:
    return SaturnError(
        "unseeded-data",
        f"{what} different each time it is loaded: random numbers come from a generator of its "
        "own, which a paused run could not go on with.",
        "Draw from torch, random or numpy.random, which are seeded; or train by your own loop: "
        "%%saturn task --native.",
    )


def _probed(samples: Samples) -> list[int]:
    return sorted(_spread(samples.count, _PROBES))


def _spread(count: int, most: int) -> list[int]:
    """Up to so many indices from the first to the last, a few that are far apart before others."""
    few = [(count - 1) * part // (_PROBES - 1) for part in range(_PROBES)]
    many = [(count - 1) * part // max(1, most - 1) for part in range(most)]
    return list(dict.fromkeys([*few, *many]))[:most]


def _bits(tensor: torch.Tensor) -> torch.Tensor:
    """Also of what is not a number, which equals nothing."""
    return tensor.contiguous().reshape(-1).view(torch.uint8)


def _bad(message: str, hint: str) -> SaturnError:
    return SaturnError("bad-task", message, hint)


def _is_count(value: Any, least: int = 1) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
