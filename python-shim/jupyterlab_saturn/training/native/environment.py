"""What ``torchrun`` gives the processes it starts, for ranks that have met already."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch.distributed as dist
import torch.distributed.distributed_c10d as implementation

from ..runtime.process_group import ProcessGroup


@contextmanager
def launched(world: ProcessGroup, job: str, kind: str) -> Iterator[None]:
    """Let libraries find themselves started by ``torchrun``, in the group that there is.

    One rank alone finds itself started plainly. Code that makes the process group itself gets
    the one that there is, which it cannot end.

    Parameters
    ----------
    job
        What the run is called.
    kind
        ``"cpu"`` keeps ``accelerate`` from GPUs.
    """
    if kind == "cpu":
        # By itself accelerate says cpu:0, onto which PyTorch loads no checkpoint.
        os.environ |= {"ACCELERATE_USE_CPU": "true", "ACCELERATE_TORCH_DEVICE": "cpu"}
    else:
        for name in ("ACCELERATE_USE_CPU", "ACCELERATE_TORCH_DEVICE"):
            os.environ.pop(name, None)
    if world.size > 1:
        os.environ |= {
            "RANK": str(world.rank),
            "LOCAL_RANK": str(world.rank),
            "GROUP_RANK": "0",
            "WORLD_SIZE": str(world.size),
            "LOCAL_WORLD_SIZE": str(world.size),
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": "29500",  # for those who insist: the ranks have met in a file
            "TORCHELASTIC_RUN_ID": job,
        }
    names = ("init_process_group", "destroy_process_group")
    before = {(module, name): getattr(module, name) for module in _PLACES for name in names}
    if world.size > 1:
        for module, name in before:
            setattr(module, name, _nothing)
    try:
        yield
    finally:
        for (module, name), function in before.items():
            setattr(module, name, function)


_PLACES = (dist, implementation)


def _nothing(*_: Any, **__: Any) -> None:
    """The group is there from the beginning to the end."""
