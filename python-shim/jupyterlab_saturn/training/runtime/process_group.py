"""The ranks of a group, and how they agree."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import DeviceMesh

from ...errors import SaturnError
from .failure import describe
from .group_meeting import keep_among_themselves, meet, open_to
from .network_namespace import NetworkNamespace
from .node_meeting import NodeMeeting, interface_of
from .preparation import note_node

T = TypeVar("T")

# Beyond the slowest thing one rank of a small model does while others wait.
_PATIENCE_SECONDS = 180.0
_STORE_SECONDS = 300.0  # as a store has it by itself
# How much longer NCCL waits than the agent: it ends the process, and nobody could ask any more.
_NCCL_MARGIN = 1.5


class ProcessGroup:
    """The ranks that do a job together; one alone has no process group and agrees at once.

    Every method is a collective: all ranks call it, in the same order.
    """

    def __init__(self, rank: int, size: int, patience: float = _PATIENCE_SECONDS) -> None:
        self.rank = rank
        self.size = size
        self._patience = timedelta(seconds=patience)

    @classmethod
    def join(
        cls,
        rank: int,
        size: int,
        device: torch.device,
        rendezvous: Path | None,
        *,
        patience: float = 0.0,
        silence: float = 0.0,
        shares_device: bool = False,
        network: NetworkNamespace | None = None,
        across: NodeMeeting | None = None,
    ) -> ProcessGroup:
        """Meet the other ranks at the file `rendezvous`, or on several nodes.

        Groups on GPUs get a CPU backend too, on which small agreements and saving run.

        Parameters
        ----------
        patience
            Seconds for which ranks wait for one that does something alone, at least.
        silence
            Seconds after which the agent asks ranks that say nothing where they are.
        shares_device
            Whether several ranks are on one GPU, which NCCL refuses and gloo does not.
        network
            Where gloo connects the ranks, of this group and of all that are made later; the
            machine's loopback interface when None, on which strangers are refused.
        across
            Where the ranks are on several nodes: how they find each other, instead of at
            `rendezvous`. They connect on the network between the nodes; strangers there are not
            refused, as who has a connection cannot be seen from another node.

        Raises
        ------
        SaturnError
            ``stranger-met``; of several nodes ``no-meeting`` or ``no-interface``.
        """
        patience = max(_PATIENCE_SECONDS, patience)
        if size > 1:
            # What is given a store leaves it the timeout that it has.
            timeout = timedelta(seconds=max(_STORE_SECONDS, patience))
            if across is not None:
                interface = interface_of(across.address)
                open_to(interface)
                note_node(across.ranks)
                store = across.store(rank, size, timeout)
            elif rendezvous is not None:
                interface = None
                store = dist.FileStore(str(rendezvous), size)  # type: ignore[attr-defined]
                store.set_timeout(timeout)
                keep_among_themselves(network)
            else:
                raise SaturnError("bad-request", f"{size} ranks have no place to meet.")
            meet(
                device,
                shares_device,
                interface,
                store=store,
                rank=rank,
                world_size=size,
                timeout=timedelta(seconds=patience),
                device_id=device if device.type == "cuda" and not shares_device else None,
            )
            if device.type == "cuda" and not shares_device:
                patience = _NCCL_MARGIN * max(patience, silence)
                nccl = dist.distributed_c10d._get_default_group()._get_backend(device)
                nccl._set_default_timeout(timedelta(seconds=patience))
        return cls(rank, size, patience)

    @property
    def is_root(self) -> bool:
        return self.rank == 0

    def mesh(self, device: torch.device, **sizes: int) -> DeviceMesh:
        """The ranks as a grid, e.g. ``mesh(device, replicate=2, shard=4)``, the last size fastest.

        Never the default mesh, which is of GPUs whenever the machine has some.
        """
        if not dist.is_initialized():  # what is sharded over one device still wants a group
            store = dist.HashStore()  # type: ignore[attr-defined]
            meet(device, store=store, rank=0, world_size=1)
        if math.prod(sizes.values()) != self.size:
            raise ValueError(f"A mesh of {sizes} is not of all {self.size} ranks.")
        grid = torch.arange(self.size).reshape(tuple(sizes.values()))
        names = tuple(sizes)
        everyone = dist.group.WORLD
        assert everyone is not None
        if len(names) == 1:
            return DeviceMesh.from_group(everyone, device.type, mesh_dim_names=names)
        groups = [self._group_along(grid, dimension) for dimension in range(grid.dim())]
        return DeviceMesh.from_group(groups, device.type, grid, mesh_dim_names=names)

    def _group_along(self, grid: torch.Tensor, dimension: int) -> dist.ProcessGroup:
        """The ranks that are this one's neighbours along a dimension, as patient as all are.

        `init_device_mesh` would split the group, for which versions of PyTorch differ in what
        they can where there are two backends, and which leaves sub-groups their own patience.
        """
        lines = grid.movedim(dimension, -1).reshape(-1, grid.shape[dimension]).tolist()
        made: list[dist.ProcessGroup]
        made = [dist.new_group(line, timeout=self._patience) for line in lines]
        return next(g for g, line in zip(made, lines, strict=True) if self.rank in line)

    def mean(self, values: Sequence[float]) -> list[float]:
        """Each value averaged over the ranks; a NaN of one is a NaN for all."""
        return [value / self.size for value in self._reduce(values, dist.ReduceOp.SUM)]

    def sum(self, values: Sequence[float]) -> list[float]:
        """Each value added over the ranks."""
        return self._reduce(values, dist.ReduceOp.SUM)

    def max(self, values: Sequence[float]) -> list[float]:
        """The largest of each value over the ranks."""
        return self._reduce(values, dist.ReduceOp.MAX)

    def sum_and_max(
        self, sums: Sequence[float], maxima: Sequence[float]
    ) -> tuple[list[float], list[float]]:
        """Some values added over the ranks and the largest of others, by one exchange."""
        places = [0.0] * (len(maxima) * self.size)
        places[self.rank :: self.size] = maxima
        found = self.sum([*sums, *places])
        of_ranks = zip(*[iter(found[len(sums) :])] * self.size, strict=True)
        return found[: len(sums)], [max(values) for values in of_ranks]

    def gather(self, value: T) -> list[T]:
        """The values of all ranks, by rank."""
        if self.size == 1:
            return [value]
        values: list[T | None] = [None] * self.size
        dist.all_gather_object(values, value)
        return values  # type: ignore[return-value]

    def gather_on_root(self, value: T) -> list[T]:
        """The values of all ranks, by rank, on rank 0; an empty list elsewhere."""
        if self.size == 1:
            return [value]
        values: list[T | None] | None = [None] * self.size if self.is_root else None
        dist.gather_object(value, values, dst=0)
        return values or []  # type: ignore[return-value]

    def on_root(self, work: Callable[[], T]) -> T:
        """Do something on rank 0; all ranks get its value, or its error as a SaturnError."""
        if self.size == 1:
            return work()
        outcome: list[Any] = [None, None]
        if self.is_root:
            try:
                outcome[0] = work()
            except Exception as error:
                outcome[1] = describe(error, "training-failed")
        dist.broadcast_object_list(outcome, src=0)
        if outcome[1] is not None:
            raise SaturnError.from_json(outcome[1])
        value: T = outcome[0]
        return value

    def from_root(self, tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
        """Rank 0's numbers of a tensor, which travel from `device` to `device`, where they are."""
        copy = torch.empty_like(tensor, device=device) if tensor.is_meta else tensor.to(device)
        if self.size > 1:
            dist.broadcast(copy, src=0)
        return copy

    def add_up(self, tensor: torch.Tensor) -> torch.Tensor:
        """A tensor, summed over the ranks in place, on whatever device it is."""
        if self.size > 1:
            dist.all_reduce(tensor)
        return tensor

    def begin_adding_up(self, tensor: torch.Tensor) -> Callable[[], torch.Tensor]:
        """As `add_up`, while something else is done. Returns what waits for the sum."""
        work = dist.all_reduce(tensor, async_op=True) if self.size > 1 else None

        def wait() -> torch.Tensor:
            if work is not None:
                work.wait()
            return tensor

        return wait

    def leave(self) -> None:
        """End the group, after the last collective."""
        if dist.is_initialized():
            dist.destroy_process_group()

    def _reduce(self, values: Sequence[float], operation: dist.ReduceOp.RedOpType) -> list[float]:
        if self.size == 1:
            return list(values)
        tensor = torch.tensor(values, dtype=torch.float64)
        dist.all_reduce(tensor, op=operation)
        return tensor.tolist()


def check_average(world: ProcessGroup, device: torch.device) -> None:
    """Refuse a backend whose averaging reduce-scatter does not average.

    Sharded training averages gradients with it; gloo once returned the sum without a word
    (pytorch issue 162338), which silently trains with another learning rate.

    Raises
    ------
    SaturnError
        ``wrong-average``.
    """
    if world.size == 1:
        return
    parts = torch.arange(world.size, dtype=torch.float32, device=device) + world.rank
    mine = torch.empty(1, device=device)
    reduce_scatter = getattr(dist, "reduce_scatter_single", dist.reduce_scatter_tensor)
    reduce_scatter(mine, parts, op=dist.ReduceOp.AVG)
    expected = world.rank + (world.size - 1) / 2
    if abs(mine.item() - expected) > 1e-3:
        raise SaturnError(
            "wrong-average",
            f"This PyTorch averages wrongly between {device.type} devices: it gave "
            f"{mine.item():g} instead of {expected:g}.",
            "Update PyTorch, or exclude fsdp from the plan.",
        )
