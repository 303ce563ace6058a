"""Whether a task's adapter can be trained in one run with others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from ...errors import SaturnError
from ...task import Task
from ..components.nested_tensors import pair
from ..components.seeding import derive
from ..components.side_effects import without_side_effects
from ..components.training_mode import begin_training
from ..fusion import (
    AdapterSite,
    NotFused,
    adapter_sites,
    base_digest,
    is_adapted,
    require_fusible,
    require_same,
)
from ..runtime.failure import is_out_of_memory
from ..task.samples import Samples
from .deadline import TimeUp, deadline

if TYPE_CHECKING:
    from ...generated.wire_types import Fusible, NotFusible

_LOOKED_AT = 16
_MOST_SECONDS = 10.0


def fusion_verdict(task: Task, samples: Samples, seed: int) -> Fusible | NotFusible | None:
    """The wire ``Inspection.fusion``; None of a model without adapters.

    A forward and its backward are tried with two samples, together and each alone. Where that
    takes too long it is left to those who train, who look at the forward anyway.

    Parameters
    ----------
    samples
        Of the data to train on; some from all over it tell how long they are.
    """
    model = task.model
    if not is_adapted(model):
        return None
    try:
        with without_side_effects(model):
            begin_training(model)
            require_fusible(task)
            sites = adapter_sites(model)
            _try(task, sites, samples, seed)
        number = min(_LOOKED_AT, samples.count)
        batch = samples.batch([place * samples.count // number for place in range(number)])
        base = base_digest(task, sites, batch)
    except NotFused as reason:
        return {"reason": f"It cannot be trained in one run with others: {reason}."}
    return {"base": base, "sites": len(sites), "rank": max(site.rank for site in sites)}


def _try(task: Task, sites: list[AdapterSite], samples: Samples, seed: int) -> None:
    """Raises NotFused when what comes of a sample depends on who is beside it."""
    inputs = []
    for place in (0, samples.count - 1):
        try:
            inputs.append(pair(samples.batch([place]))[0])
        except SaturnError as error:
            raise NotFused(error.message.rstrip(".")) from None
    try:
        with deadline(_MOST_SECONDS):
            require_same(task, sites, inputs, [derive(seed, "fusion", n) for n in range(2)])
    except (NotFused, torch.OutOfMemoryError):
        raise
    except TimeUp:
        return
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise NotFused(f"a step of two samples raises {type(error).__name__}") from error
