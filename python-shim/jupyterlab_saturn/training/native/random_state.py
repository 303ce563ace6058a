"""Where random generators are, and bringing them back there."""

from __future__ import annotations

import random
import sys
from typing import Any

import torch


def random_state(items: Any) -> Any:
    """Where the global random generators are, and those that items are drawn with."""
    numpy = sys.modules.get("numpy")
    return (
        torch.get_rng_state(),
        random.getstate(),
        None if numpy is None else numpy.random.get_state(),
        torch.cuda.get_rng_state() if torch.cuda.is_initialized() else None,  # type: ignore[no-untyped-call]
        [generator.get_state() for generator in _generators(items)],
    )


def restore_random(items: Any, state: Any) -> None:
    """Bring the generators to where they were."""
    of_torch, of_python, of_numpy, of_cuda, of_items = state
    torch.set_rng_state(of_torch)
    random.setstate(of_python)
    if of_numpy is not None and "numpy" in sys.modules:
        sys.modules["numpy"].random.set_state(of_numpy)
    if of_cuda is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(of_cuda)
    for generator, known in zip(_generators(items), of_items, strict=False):
        generator.set_state(known)


def _generators(items: Any) -> list[torch.Generator]:
    """Generators of a DataLoader or a sampler, and of the samplers in it, each once."""
    batches = getattr(items, "batch_sampler", None)
    owners = (items, getattr(items, "sampler", None), getattr(batches, "sampler", None), batches)
    found = (getattr(owner, "generator", None) for owner in owners)
    return list({id(each): each for each in found if isinstance(each, torch.Generator)}.values())
