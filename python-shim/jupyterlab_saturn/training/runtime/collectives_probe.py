"""Whether the ranks of a group can talk to each other, and how fast.

``python -m jupyterlab_saturn.training.runtime.collectives_probe DEVICES RENDEZVOUS`` forks them;
the first writes what was found as JSON.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import torch
import torch.distributed as dist

from . import parent_death
from .device import claim
from .process_group import ProcessGroup, check_average

if TYPE_CHECKING:
    from ...generated.wire_types import Device

_BYTES = {"cpu": 1 << 22, "cuda": 1 << 26}
_ROUNDS = 3


class CollectivesAnswer(TypedDict):
    """What was found.

    ``wrong`` names what came to another result; ``rates`` are bytes a second between the ranks of
    each pair, e.g. ``0-1``.
    """

    wrong: list[str]
    rates: dict[str, float]


def _all_reduce(world: ProcessGroup, device: torch.device) -> bool:
    total = world.add_up(torch.full((1000,), float(world.rank), device=device))
    return bool((total == sum(range(world.size))).all())


def _broadcast(world: ProcessGroup, device: torch.device) -> bool:
    tensor = torch.full((1000,), float(world.rank), device=device)
    dist.broadcast(tensor, src=0)
    return not tensor.any()


def _average(world: ProcessGroup, device: torch.device) -> bool:
    check_average(world, device)
    return True


def _exchange(world: ProcessGroup, device: torch.device) -> bool:
    """Each sends to the next, all at once, as pipelines do."""
    before, after = (world.rank - 1) % world.size, (world.rank + 1) % world.size
    mine, theirs = (
        torch.full((1000,), float(world.rank), device=device),
        torch.empty(1000, device=device),
    )
    sends = [dist.P2POp(dist.isend, mine, after), dist.P2POp(dist.irecv, theirs, before)]
    for work in dist.batch_isend_irecv(sends):
        work.wait()
    return bool((theirs == before).all())


def _grid(world: ProcessGroup, device: torch.device) -> bool:
    """Sums within the rows of a grid, as hybrid techniques make them."""
    if world.size < 4 or world.size % 2:
        return True
    row = world.size // 2
    mesh = world.mesh(device, replicate=2, shard=row)
    total = torch.full((1000,), float(world.rank), device=device)
    dist.all_reduce(total, group=mesh.get_group("shard"))
    first = world.rank // row * row
    return bool((total == sum(range(first, first + row))).all())


def _agreement(world: ProcessGroup, device: torch.device) -> bool:
    return world.gather(world.rank) == [*range(world.size)]


_COLLECTIVES: dict[str, Callable[[ProcessGroup, torch.device], bool]] = {
    "all_reduce": _all_reduce,
    "broadcast": _broadcast,
    "reduce_scatter": _average,
    "send and receive": _exchange,
    "groups of a grid": _grid,
    "agreement on the CPU": _agreement,
}


def _rate(world: ProcessGroup, device: torch.device, one: int, other: int) -> float:
    """Bytes a second from a rank to another."""
    count = _BYTES[device.type]
    data = torch.empty(count, dtype=torch.uint8, device=device)
    seconds = 0.0
    for turn in range(_ROUNDS):
        world.max([0.0])
        begun = time.perf_counter()
        if world.rank == one:
            dist.send(data, other)
        elif world.rank == other:
            dist.recv(data, one)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        if turn:  # the first connects
            seconds += time.perf_counter() - begun
    return (_ROUNDS - 1) * count / world.max([seconds])[0]


def probe(devices: list[Device], rendezvous: Path, rank: int) -> CollectivesAnswer:
    """Try all collectives that training uses, then each pair of ranks. A collective."""
    device = claim(devices, rank).torch_device
    world = ProcessGroup.join(rank, len(devices), device, rendezvous)
    wrong = [name for name, collective in _COLLECTIVES.items() if not collective(world, device)]
    told = sorted({name for names in world.gather(wrong) for name in names})
    pairs = [(one, other) for one in range(world.size) for other in range(one + 1, world.size)]
    rates = {f"{one}-{other}": _rate(world, device, one, other) for one, other in pairs}
    world.leave()
    return {"wrong": told, "rates": rates}


def main(devices: str, rendezvous: str) -> int:
    """Fork the ranks. Returns 0 when all of them came to an end, else 1."""
    parent_death.bind()
    answer = os.dup(sys.stdout.fileno())
    # NCCL tells its version and its warnings there.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    context = multiprocessing.get_context("fork")  # no thread and no GPU is there yet
    wanted: list[Device] = json.loads(devices)
    ranks = [
        context.Process(target=_serve, args=(wanted, Path(rendezvous), rank, answer))
        for rank in range(len(wanted))
    ]
    for rank in ranks:
        rank.start()
    while alive := [rank for rank in ranks if rank.is_alive()]:
        wait([rank.sentinel for rank in alive])
        if any(rank.exitcode for rank in ranks):
            for rank in ranks:
                rank.kill()
    return int(any(rank.exitcode for rank in ranks))


def _serve(devices: list[Device], rendezvous: Path, rank: int, answer: int) -> None:
    parent_death.bind()
    found = probe(devices, rendezvous, rank)
    if rank == 0:
        with os.fdopen(answer, "w") as file:
            json.dump(found, file)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
