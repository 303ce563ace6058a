"""``torch.cuda`` as it looks on a machine with GPUs, on one that has none.

What is asked of the driver is answered; tensors cannot be made there. Where tensors would go, the
device ``meta`` tells.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from unittest import mock

import torch


@dataclass
class FakeCuda:
    """What the GPUs are asked and told. Numbers may be changed at any time.

    Attributes
    ----------
    total_bytes, free_bytes
        Of each GPU, by its index among those that the process sees.
    allocated_bytes, reserved_bytes
        Peaks of this process on each GPU.
    stats
        Further numbers of `torch.cuda.memory_stats`.
    chosen
        What `torch.cuda.set_device` was given.
    emptied
        How often `torch.cuda.empty_cache` was called.
    """

    total_bytes: list[int]
    free_bytes: list[int]
    name: str = "NVIDIA H100 80GB HBM3"
    capability: tuple[int, int] = (9, 0)
    allocated_bytes: int = 0
    reserved_bytes: int = 0
    stats: dict[str, int] = field(default_factory=dict)
    chosen: list[int] = field(default_factory=list)
    emptied: int = 0
    current: int = 0
    initialized: bool = False

    def visible(self) -> int:
        """GPUs that the process sees, by ``CUDA_VISIBLE_DEVICES`` as it is."""
        listed = os.environ.get("CUDA_VISIBLE_DEVICES")
        if listed is None:
            return len(self.total_bytes)
        return min(len(self.total_bytes), len([entry for entry in listed.split(",") if entry]))

    def index(self, device: Any = None) -> int:
        """Of what torch takes for a device."""
        if device is None:
            return self.current
        found = device if isinstance(device, int) else torch.device(device).index
        return self.current if found is None else found

    def choose(self, device: Any) -> None:
        self.current = self.index(device)
        self.chosen.append(self.current)

    def empty(self) -> None:
        self.emptied += 1

    def start(self) -> None:
        self.initialized = True

    def mem_get_info(self, device: Any = None) -> tuple[int, int]:
        place = self.index(device)
        return self.free_bytes[place], self.total_bytes[place]

    def properties(self, device: Any = None) -> SimpleNamespace:
        major, minor = self.capability
        place = self.index(device)
        return SimpleNamespace(
            name=self.name,
            major=major,
            minor=minor,
            total_memory=self.total_bytes[place],
            multi_processor_count=132,
            is_integrated=False,
        )

    def memory_stats(self, _device: Any = None) -> dict[str, int]:
        return {
            "num_alloc_retries": 0,
            "num_ooms": 0,
            "allocated_bytes.all.peak": self.allocated_bytes,
            "reserved_bytes.all.peak": self.reserved_bytes,
            **self.stats,
        }


@contextmanager
def fake_cuda(
    count: int = 1,
    *,
    memory_bytes: int = 80_000_000_000,
    free_bytes: int | None = None,
    capability: tuple[int, int] = (9, 0),
) -> Iterator[FakeCuda]:
    """Within it, so many GPUs look available to torch. The environment is as before afterwards.

    Parameters
    ----------
    memory_bytes, free_bytes
        Of each; all of it is free when not said otherwise.
    """
    gpus = FakeCuda(
        total_bytes=[memory_bytes] * count,
        free_bytes=[memory_bytes if free_bytes is None else free_bytes] * count,
        capability=capability,
    )
    nothing: Callable[..., None] = lambda *_, **__: None  # noqa: E731
    answers: dict[str, Callable[..., Any]] = {
        "is_available": lambda: gpus.visible() > 0,
        "device_count": gpus.visible,
        "is_initialized": lambda: gpus.initialized,
        "init": gpus.start,
        "_lazy_init": gpus.start,
        "set_device": gpus.choose,
        "current_device": lambda: gpus.current,
        "mem_get_info": gpus.mem_get_info,
        "get_device_properties": gpus.properties,
        "get_device_capability": lambda *_: gpus.capability,
        "get_device_name": lambda *_: gpus.name,
        "get_arch_list": lambda: ["sm_80", "sm_90"],
        "is_bf16_supported": lambda *_, **__: gpus.capability >= (8, 0),
        "memory_stats": gpus.memory_stats,
        "memory_allocated": lambda *_: gpus.allocated_bytes,
        "max_memory_allocated": lambda *_: gpus.allocated_bytes,
        "memory_reserved": lambda *_: gpus.reserved_bytes,
        "max_memory_reserved": lambda *_: gpus.reserved_bytes,
        "reset_peak_memory_stats": nothing,
        "synchronize": nothing,
        "empty_cache": gpus.empty,
        "manual_seed": nothing,
        "manual_seed_all": nothing,
    }
    with mock.patch.dict(os.environ), mock.patch.multiple(torch.cuda, **answers):
        yield gpus
