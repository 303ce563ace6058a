"""Files beside a library's checkpoint, of what it leaves out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from .attribute_snapshot import AttributeSnapshot
from .native_loop import NativeRun
from .tensor_version import version_of


class CheckpointSidecar:
    """Saves and restores what a library's trainer, callbacks and model have noted.

    Parameters
    ----------
    model
        What is trained.
    make
        Looks at what there is before the first step.
    newest
        The folder of the checkpoint that is gone on with, if there is one.
    reload
        Loads the weights of the model from such a folder.
    gradients
        Whether gradients may have to wait for more of their step when it is saved.
    """

    def __init__(
        self,
        run: NativeRun,
        model: torch.nn.Module,
        make: Callable[[], AttributeSnapshot],
        newest: Path | None,
        reload: Callable[[Path], object],
        *,
        gradients: bool = False,
    ) -> None:
        self._run = run
        self._model = model
        self._make = make
        self._newest = newest
        self._reload = reload
        self._gradients = gradients
        self._snapshot: AttributeSnapshot | None = None
        self._versions: list[tuple[object, ...]] = []

    def look(self) -> None:
        """Before anything of the user's is called."""
        self._versions = self._now()

    def begin(self) -> None:
        """Note what there is before the first step."""
        self._snapshot = self._make()

    def warnings(self) -> Sequence[str]:
        """What the user should know of it."""
        trouble = None if self._snapshot is None else self._snapshot.trouble
        if trouble is None:
            return ()
        return (f"This training cannot be paused: {trouble}. A stop has it begin anew.",)

    def can_save(self) -> bool:
        """Whether all of it can be in a checkpoint, on all ranks. A collective."""
        able = self._snapshot is not None and self._snapshot.can_save()
        return self._run.world.sum([float(not able)])[0] == 0

    def save(self, folder: Path) -> bool:
        """Put it into a folder. Returns whether that holds all there is. A collective."""
        if self._snapshot is None or not self.can_save():
            return False
        world = self._run.world
        if world.is_root:
            torch.save(self._of_parameters(), folder / _PARAMETERS)
        self._snapshot.save(_file(folder, world.rank))
        world.sum([0.0])  # all are there
        return True

    def restore(self) -> None:
        """Bring back what was saved, once, before the first step that follows."""
        if self._newest is None:
            return
        folder, self._newest = self._newest, None
        if not (folder / _PARAMETERS).exists():
            return  # of a version that did not write it
        if self._versions != self._now():  # by what callbacks do when a training begins
            self._reload(folder)
        known: Mapping[str, Any] = torch.load(folder / _PARAMETERS, map_location="cpu")
        for name, parameter in self._model.named_parameters():
            if name in known:
                trains, gradient = known[name]
                parameter.requires_grad_(trains)
                parameter.grad = None if gradient is None else gradient.to(parameter.device)
        own = _file(folder, self._run.world.rank)
        assert self._snapshot is not None
        self._snapshot.restore(own if own.exists() else _file(folder, 0))

    def _of_parameters(self) -> dict[str, tuple[bool, torch.Tensor | None]]:
        return {
            name: (parameter.requires_grad, parameter.grad if self._gradients else None)
            for name, parameter in self._model.named_parameters()
        }

    def _now(self) -> list[tuple[object, ...]]:
        """What is another once somebody has written into a tensor of the model."""
        return [
            version_of(each)
            for each in self._model.state_dict(keep_vars=True).values()
            if isinstance(each, torch.Tensor)
        ]


_PARAMETERS = "saturn-parameters.pt"


def _file(folder: Path, rank: int) -> Path:
    return folder / f"saturn-attributes-{rank}.pkl"
