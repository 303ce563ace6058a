"""Rank processes that live on and do one piece of work after another."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import psutil
import torch

from ...errors import SaturnError
from ..runtime import parent_death
from ..runtime.failure import describe, is_peer_lost
from ..runtime.process_group import ProcessGroup
from .bench_device import bench_device, visible_gpus
from .bounds import Kind

if TYPE_CHECKING:
    from ...generated.wire_types import Failure

T = TypeVar("T")
Work = Callable[[ProcessGroup], T]

_PRELOADED = [__name__, f"{__package__}.train_segment"]
_AFTERMATH_SECONDS = 2.0  # in which the others may say what they know of a failure


class RankPool:
    """Ranks of one group on this machine, forked where torch is already loaded.

    A piece of work that fails or hangs costs the pool its life: then its ranks are killed.

    Parameters
    ----------
    rendezvous
        Path of a file that does not exist yet, where the ranks find each other.
    patience
        Seconds that a piece of work may take.
    preload
        More modules to load before forking.
    kind
        Of the devices.
    """

    def __init__(
        self,
        size: int,
        rendezvous: Path,
        *,
        patience: float = 60.0,
        preload: tuple[str, ...] = (),
        kind: Kind = "cpu",
    ) -> None:
        self.size = size
        self._patience = patience
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([*_PRELOADED, *preload])
        self._pipes: list[Connection] = []
        self._ranks = []
        for rank in range(size):
            ours, theirs = context.Pipe()
            process = context.Process(
                target=_serve, args=(theirs, rank, size, rendezvous, kind), daemon=True
            )
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._ranks.append(process)

    @property
    def alive(self) -> bool:
        """Whether it can still work."""
        return bool(self._ranks) and all(rank.is_alive() for rank in self._ranks)

    def do(self, work: Work[T]) -> list[T]:
        """Have each rank do a piece of work, which is a collective. Returns their values by rank.

        Parameters
        ----------
        work
            Called with the rank's world; pickled by reference.

        Raises
        ------
        SaturnError
            What a rank raised; ``hung`` when time is up.
        """
        for pipe in self._pipes:
            pipe.send(work)
        answers: dict[int, _Done | _Failed] = {}
        waiting: dict[Connection, int] = {pipe: rank for rank, pipe in enumerate(self._pipes)}
        deadline = time.monotonic() + self._patience
        while waiting:
            ready = wait(list(waiting), max(0.0, deadline - time.monotonic()))
            if not ready:
                break
            for pipe in [pipe for pipe in self._pipes if pipe in ready]:
                answer = answers[waiting.pop(pipe)] = _receive(pipe)
                if isinstance(answer, _Failed):
                    deadline = min(deadline, time.monotonic() + _AFTERMATH_SECONDS)
        values = [a.value for _, a in sorted(answers.items()) if isinstance(a, _Done)]
        if len(values) == self.size:
            return values
        self.close()
        failures = [answer for answer in answers.values() if isinstance(answer, _Failed)]
        if failures:
            # That another rank is gone only follows from what that one has told.
            raise SaturnError.from_json(min(failures, key=lambda known: known.follows).error)
        raise SaturnError(
            "hung",
            f"Of {self.size} ranks {len(waiting)} did not end within {self._patience:g} seconds.",
            "A collective that only some ranks call waits for the others.",
        )

    def close(self) -> None:
        """End the ranks, and what they may have started."""
        for rank in self._ranks:
            with suppress(psutil.NoSuchProcess):
                for child in psutil.Process(rank.pid).children(recursive=True):  # type: ignore[no-untyped-call]
                    child.kill()
            rank.kill()
        for rank in self._ranks:
            rank.join()
            rank.close()
        for pipe in self._pipes:
            pipe.close()
        self._ranks = []
        self._pipes = []


@dataclass(frozen=True)
class _Done:
    value: Any


@dataclass(frozen=True)
class _Failed:
    """A wire ``Failure``, and whether it only follows from the loss of another rank."""

    error: Failure
    follows: bool


def _receive(pipe: Connection) -> _Done | _Failed:
    try:
        answer: _Done | _Failed = pipe.recv()
    except (EOFError, ConnectionError):
        return _Failed({"code": "rank-lost", "message": "A rank ended by itself."}, follows=True)
    return answer


def _serve(pipe: Connection, rank: int, size: int, rendezvous: Path, kind: Kind) -> None:
    """A rank's life."""
    parent_death.bind()
    os.dup2(2, 1)  # what the user's code prints is no part of a report
    world = _join(rank, size, rendezvous, kind)
    while True:
        try:
            work: Work[Any] = pipe.recv()
        except EOFError:
            return
        try:
            answer: _Done | _Failed = _Done(work(world))
        except BaseException as error:  # PyTorch has errors that are no Exception
            answer = _Failed(describe(error, "training-failed"), is_peer_lost(error))
        pipe.send(answer)


def _join(rank: int, size: int, rendezvous: Path, kind: Kind) -> ProcessGroup:
    crowded = kind == "cuda" and size > len(visible_gpus())
    device = bench_device(kind, rank).torch_device
    torch.set_num_threads(1)
    return ProcessGroup.join(rank, size, device, rendezvous, shares_device=crowded)
