"""How the ranks of a group meet, and whom else they keep out."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist
import torch.distributed.distributed_c10d as implementation

from .connection_owners import refusing_strangers
from .network_namespace import NetworkNamespace
from .rank_defaults import NOT_MEETING, TELLING, meeting


def meet(
    device: torch.device,
    shares_device: bool = False,
    interface: str | None = None,
    **place: Any,
) -> None:
    """Make the group of all ranks.

    Parameters
    ----------
    shares_device
        Whether several ranks are on one GPU, which NCCL refuses and gloo does not.
    interface
        Network interface that they connect on; the loopback one when None.
    place
        Where they find each other, as `torch.distributed.init_process_group` takes it.
    """
    for name, value in TELLING.items():
        os.environ.setdefault(name, value)
    _settle_interfaces(interface)
    on_gpu = "gloo" if shares_device else "nccl"
    backend = f"cpu:gloo,cuda:{on_gpu}" if device.type == "cuda" else "gloo"
    dist.init_process_group(backend, **place)


def _settle_interfaces(interface: str | None = None) -> None:
    os.environ.update(meeting() if interface is None else meeting(interface))
    for name in NOT_MEETING:
        os.environ.pop(name, None)


def keep_among_themselves(network: NetworkNamespace | None) -> None:
    """Have all groups of this process, the user's own as well, connect nobody but its ranks."""

    def made(make: Callable[[], Any]) -> Any:
        _settle_interfaces()
        if network is not None:
            return network.run(make)
        with refusing_strangers():
            return make()

    _make_groups(made)


def open_to(interface: str) -> None:
    """Have all groups of this process connect its ranks on a network interface."""

    def made(make: Callable[[], Any]) -> Any:
        _settle_interfaces(interface)
        return make()

    _make_groups(made)


def _make_groups(how: Callable[[Callable[[], Any]], Any]) -> None:
    """Have all groups of this process, the user's own as well, be made in a certain way."""
    make = implementation._new_process_group_helper  # what makes all of them goes through it
    make = getattr(make, "__wrapped__", make)

    @functools.wraps(make)
    def made(*args: Any, **kwargs: Any) -> Any:
        return how(functools.partial(make, *args, **kwargs))

    implementation._new_process_group_helper = made
