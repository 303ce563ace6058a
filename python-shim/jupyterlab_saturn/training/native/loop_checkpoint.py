"""The state of a user's own loop on disk, with its place in the data and random numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from ..run.atomic_checkpoint import AtomicCheckpoints
from ..run.checkpoint_manifest import fingerprint
from .native_loop import NativeRun

_STATE = "state.pt"


@dataclass(frozen=True)
class Position:
    """How far a loop is.

    Attributes
    ----------
    step
        Steps done, this one included.
    epoch, index
        Passes over the items begun before this one, and items of this one that were given.
    epoch_random, random
        Random generators, by rank, when the pass began and when it was saved; None where they
        are as they are.
    """

    step: int = 0
    epoch: int = 0
    index: int = 0
    epoch_random: Any = None
    random: Any = None


class LoopCheckpoint:
    """Saves what a loop offers and finds it again. The first rank writes, all read."""

    def __init__(self, run: NativeRun) -> None:
        self._run = run
        self._disk = AtomicCheckpoints(run.folder, run.identity, run.claim)

    def save(self, position: Position, state: Mapping[str, Any]) -> None:
        """Commit a state. Nothing happens on other ranks than the first."""
        if not self._run.world.is_root:
            return
        parts = {name: _state_of(part) for name, part in state.items()}
        content = {"position": vars(position), "state": parts}
        folder = self._disk.begin(position.step, 0)
        try:
            path = folder / _STATE
            torch.save(content, path)
            self._disk.commit(position.step, {_STATE: fingerprint(path)}, {})
        except BaseException:
            self._disk.abandon(position.step)
            raise

    def newest(self) -> tuple[Position, dict[str, Any]] | None:
        """Where the newest checkpoint was made, and its state. The same on all ranks."""
        manifest = self._run.world.on_root(self._disk.newest)
        if manifest is None:
            return None
        path = self._disk.path(manifest) / _STATE
        content = torch.load(path, map_location="cpu", weights_only=False)  # our own, in our folder
        return Position(**content["position"]), content["state"]


def _state_of(part: Any) -> Any:
    return part.state_dict() if hasattr(part, "state_dict") else part
