"""Random numbers that depend on what is computed, never on when or after what."""

from __future__ import annotations

import functools
import hashlib
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from .tensor_bytes import tensor_bytes


def derive(seed: int, *key: int | str) -> int:
    """A seed for one purpose, independent of the seeds of all others (63 bits)."""
    text = "/".join(map(str, (seed, *key)))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) >> 1


def seed_all(value: int) -> None:
    """Seed the global generators of torch, Python and, where it is loaded, NumPy."""
    seed_torch(value)
    random.seed(value)
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(value & 0xFFFFFFFF)


def seed_torch(value: int) -> None:
    """As `torch.manual_seed`, which takes half a millisecond where CUDA is not in use.

    It then notes, with the stack, what is to be done once CUDA starts.
    """
    torch.default_generator.manual_seed(value)
    if _uses_cuda():
        torch.cuda.manual_seed(value)


def _uses_cuda() -> bool:
    return bool(torch.cuda.is_initialized())  # type: ignore[no-untyped-call]


def global_state() -> tuple[Any, ...]:
    """A snapshot of the global generators, to see whether something drew from them."""
    return tensor_bytes(torch.get_rng_state()), *python_state()


def python_state() -> tuple[Any, ...]:
    """Of those of Python and NumPy alone, by which Python code may choose what to do."""
    numpy = sys.modules.get("numpy")
    drawn = () if numpy is None else numpy.random.get_state()
    of_numpy = tuple(part.tobytes() if hasattr(part, "tobytes") else part for part in drawn)
    return random.getstate(), of_numpy


@contextmanager
def undisturbed() -> Iterator[None]:
    """Leave the global generators as they were before."""
    numpy = sys.modules.get("numpy")
    drawn, of_python = torch.get_rng_state(), random.getstate()
    of_numpy = None if numpy is None else numpy.random.get_state()
    of_gpu = torch.cuda.get_rng_state() if _uses_cuda() else None
    try:
        yield
    finally:
        torch.set_rng_state(drawn)
        random.setstate(of_python)
        if numpy is not None and of_numpy is not None:
            numpy.random.set_state(of_numpy)
        if of_gpu is not None:
            torch.cuda.set_rng_state(of_gpu)


class BlockSeeds:
    """Seeds torch before each block of a model, by the micro-batch and the block.

    So what a block draws does not depend on what ran before it on the same device: on how the
    blocks and the micro-batches are spread over devices.

    Parameters
    ----------
    blocks
        In their order in the model.
    """

    def __init__(self, blocks: Sequence[torch.nn.Module]) -> None:
        self._seed = 0
        for number, block in enumerate(blocks):
            block.register_forward_pre_hook(functools.partial(self._enter, number))

    def begin(self, seed: int) -> None:
        """From now on blocks work on the micro-batch of this seed."""
        self._seed = seed

    def _enter(self, number: int, _block: torch.nn.Module, _inputs: Any) -> None:
        seed_torch(derive(self._seed, "block", number))
