"""What is to be done once before all ranks of a group begin, as downloads are."""

from __future__ import annotations

from collections.abc import Callable

import torch.distributed as dist

_ranks_of_node: list[int] = []


def note_node(ranks: int) -> None:
    """Note, of a group over several nodes, how many of its ranks are on this process's."""
    _ranks_of_node[:] = [ranks]


def root_first(work: Callable[[], object], name: str, *, on_each_node: bool = False) -> None:
    """Do something on the first rank of the group that there may be, while others wait for it.

    No collective: a rank that has to do all again, or alone, finds it done.

    Parameters
    ----------
    name
        Of what is done, once a group.
    on_each_node
        Whether the first rank of every other node does it then as well: nodes need not share what
        is done; those that do find it done.
    """
    if not dist.is_initialized():
        work()
        return
    rank = dist.get_rank()
    [here] = _ranks_of_node or [dist.get_world_size()]
    first = rank - rank % here if on_each_node else 0
    store = dist.distributed_c10d._get_default_store()
    if rank != first:
        store.wait([_done(name, first)])
        return
    if rank > 0:
        store.wait([_done(name, 0)])
    work()
    store.set(_done(name, first), "")


def _done(name: str, first: int) -> str:
    """Key of what the first rank of a node has done."""
    return f"done/{name}" if first == 0 else f"done/{name}/{first}"
