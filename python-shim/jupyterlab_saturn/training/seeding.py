"""Random numbers that depend on what is computed, never on when or after what."""

from __future__ import annotations

import hashlib
import random
import sys
from typing import Any

import torch


def derive(seed: int, *key: int | str) -> int:
    """A seed for one purpose, independent of the seeds of all others (63 bits)."""
    text = "/".join(str(part) for part in (seed, *key))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) >> 1


def seed_all(value: int) -> None:
    """Seed the global generators of torch, Python and, where it is loaded, NumPy."""
    torch.manual_seed(value)
    random.seed(value)
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(value & 0xFFFFFFFF)


def global_state() -> tuple[Any, ...]:
    """A snapshot of the global generators, to see whether something drew from them."""
    numpy = sys.modules.get("numpy")
    drawn = () if numpy is None else numpy.random.get_state()
    return (
        tuple(torch.get_rng_state().tolist()),
        random.getstate(),
        tuple(part.tobytes() if hasattr(part, "tobytes") else part for part in drawn),
    )
