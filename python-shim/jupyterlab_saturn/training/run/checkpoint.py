"""Saving and restoring a task, whatever technique saves and whatever restores."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.default_planner import DefaultLoadPlanner
from torch.distributed.checkpoint.filesystem import FileSystemReader, FileSystemWriter
from torch.distributed.checkpoint.metadata import TensorStorageMetadata
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import save

from ...errors import SaturnError
from ..runtime.device import RankDevice
from ..runtime.process_group import ProcessGroup
from ..task.warm_start import saved_parameters
from ..techniques import Runner, State
from .atomic_checkpoint import AtomicCheckpoints
from .attempt_claim import NO_CLAIM, AttemptClaim
from .checkpoint_manifest import fingerprint, place_of

if TYPE_CHECKING:
    from .checkpoint_manifest import CheckpointDetails, FileFingerprint, Manifest, Place

_METADATA = ".metadata"
_OPTIMIZER_STATE = "optim.state."
_TURN_SECONDS = 5.0

# Not an Exception: PyTorch derives it from BaseException.
_FAILURES = (Exception, CheckpointException)


@dataclass(frozen=True)
class _Leaf:
    """One value of a state. A sharded tensor counts as a whole."""

    bytes: int
    shape: tuple[int, ...] | None = None

    @classmethod
    def of(cls, value: Any) -> _Leaf:
        if isinstance(value, torch.Tensor):
            return cls(value.numel() * value.element_size(), tuple(value.shape))
        return cls(len(value) if isinstance(value, bytes) else 8)


class Checkpoints:
    """The checkpoints of one task, saved and loaded by all ranks of a group together.

    `torch.distributed.checkpoint` writes each rank's shards under the parameters' names, so any
    layout can be loaded into any other. Every method is a collective.

    Parameters
    ----------
    folder
        Where they are; see `AtomicCheckpoints`.
    identity
        What is trained; see `AtomicCheckpoints`.
    claim
        Of the attempt that trains it; see `AtomicCheckpoints`.
    """

    def __init__(
        self,
        folder: Path,
        identity: str,
        world: ProcessGroup,
        device: RankDevice,
        claim: AttemptClaim = NO_CLAIM,
    ) -> None:
        self._commits = AtomicCheckpoints(folder, identity, claim)
        self._world = world
        self._device = device

    def save(self, runner: Runner, step: int, details: CheckpointDetails) -> None:
        """Commit a checkpoint of a step, on disk when this returns.

        Raises
        ------
        SaturnError
            ``disk-full`` or ``checkpoint-failed``; older ones are intact. ``late-commit`` when a
            later attempt has begun.
        """
        with self._device.unlimited():
            state = runner.state()
            size = sum(leaf.bytes for leaf in self._outline(state).values())
            folder = self._world.on_root(lambda: self._commits.begin(step, size))
            files: dict[str, FileFingerprint] = {}
            problem: str | None = None
            try:
                with _without_loneliness_warning():
                    save(
                        state,
                        storage_writer=FileSystemWriter(folder, sync_files=True),
                        no_dist=self._world.size == 1,
                    )
                files = self._written(folder)
            except _FAILURES as error:
                problem = f"{type(error).__name__}: {error}"
            outcomes = self._world.gather((files, problem))
            problems = [text for _, text in outcomes if text is not None]
            written = {name: known for part, _ in outcomes for name, known in part.items()}
            self._world.on_root(lambda: self._conclude(step, size, written, problems, details))

    def resume(self, runner: Runner) -> Manifest | None:
        """Restore the newest valid checkpoint. Returns its manifest, None when there is none.

        Raises
        ------
        SaturnError
            ``checkpoint-mismatch`` when it is of other parameters than the model has,
            ``checkpoint-failed`` when it cannot be read.
        """
        manifest = self._newest()
        if manifest is None:
            return None
        with self._device.unlimited():
            runner.restore(self._load(runner, self._commits.path(manifest)))
        return manifest

    def inherit(self, runner: Runner, folder: Path) -> None:
        """Go on where another task was, by a checkpoint of its; with the runner's own settings.

        Raises
        ------
        SaturnError
            As `resume`.
        """
        with self._device.unlimited():
            own = runner.settings()
            state = self._load(runner, folder)
            runner.restore({**state, **own, "optim": {**state["optim"], **own["optim"]}})

    def _load(self, runner: Runner, folder: Path) -> State:
        # Parameters that are not trained are there only if something else changed them.
        state = runner.state(self._world.on_root(lambda: list(saved_parameters(folder))))
        outline = self._outline(state)
        self._world.on_root(lambda: _require_fit(folder, outline))
        problem: str | None = None
        try:
            with _without_loneliness_warning():
                load(
                    state,
                    storage_reader=FileSystemReader(folder),
                    # Parameters that never got a gradient have no optimizer state to load.
                    planner=DefaultLoadPlanner(allow_partial_load=True),
                    no_dist=self._world.size == 1,
                )
        except _FAILURES as error:
            problem = f"{type(error).__name__}: {error}"
        problems = [text for text in self._world.gather(problem) if text is not None]
        if problems:
            raise SaturnError(
                "checkpoint-failed",
                f"The checkpoint {folder} could not be loaded: {problems[0]}",
                "Remove it to go on from the one before.",
            )
        return state

    def _newest(self) -> Manifest | None:
        """Of the newest checkpoint that is undamaged, in which each rank reads some files."""
        damaged: set[Place] = set()
        while True:
            manifest = self._world.on_root(lambda: self._commits.newest_complete(damaged))
            if manifest is None or self._is_sound(manifest):
                return manifest
            damaged.add(place_of(manifest))

    def _is_sound(self, manifest: Manifest) -> bool:
        bits = self._commits.inspect(manifest, self._world.rank, self._world.size)
        sound, reading = True, True
        # In turns, since one rank may have to read for longer than the others would wait for it.
        while reading:
            until = time.monotonic() + _TURN_SECONDS
            while sound and reading and time.monotonic() < until:
                bit = next(bits, None)
                sound, reading = bit is not False, bit is not None
            wrong, unread = self._world.max([not sound, reading])
            sound, reading = not wrong, bool(unread) and not wrong
        return sound

    def _outline(self, state: State) -> dict[str, _Leaf]:
        """What all ranks hold together: a rank may have a part of the model only."""
        mine = {name: _Leaf.of(value) for name, value in _leaves(state)}
        parts = self._world.gather(mine)
        return {name: leaf for part in parts for name, leaf in part.items()}

    def _written(self, folder: Path) -> dict[str, FileFingerprint]:
        """Fingerprints of the files this rank wrote, named ``__<rank>_<n>.distcp``."""
        names = [path.name for path in folder.glob(f"__{self._world.rank}_*")]
        if self._world.is_root:
            names.append(_METADATA)
        return {name: fingerprint(folder / name) for name in names}

    def _conclude(
        self,
        step: int,
        size: int,
        files: dict[str, FileFingerprint],
        problems: list[str],
        details: CheckpointDetails,
    ) -> None:
        if not problems:
            try:
                self._commits.commit(step, files, details)
                return
            except SaturnError:
                self._commits.abandon(step)
                raise
            except OSError as error:
                problems = [f"{type(error).__name__}: {error}"]
        try:
            # A full disk shows as anything but that: PyTorch reports an unexpected position.
            self._commits.require_space(size)
        finally:
            self._commits.abandon(step)
        raise SaturnError(
            "checkpoint-failed",
            f"The checkpoint of step {step} could not be saved: {problems[0]}",
            "The last one is intact: run the task again to go on from there.",
        )


@contextmanager
def _without_loneliness_warning() -> Iterator[None]:
    """One rank saves without a process group, as it should: nothing to warn the user of."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="torch.distributed is disabled")
        yield


def _require_fit(folder: Path, outline: dict[str, _Leaf]) -> None:
    saved = FileSystemReader(folder).read_metadata().state_dict_metadata
    for name, leaf in outline.items():
        known = saved.get(name)
        if known is None and name.startswith(_OPTIMIZER_STATE):
            continue
        differs = known is None or (
            leaf.shape is not None
            and isinstance(known, TensorStorageMetadata)
            and tuple(known.size) != leaf.shape
        )
        if differs:
            raise SaturnError(
                "checkpoint-mismatch",
                f"The checkpoint {folder} does not fit the model: {name} is "
                + ("not in it." if known is None else "of another shape there."),
                "Give the task another name, or remove its checkpoints.",
            )


def _leaves(state: State, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Values by dotted name, as `torch.distributed.checkpoint` names them."""
    for key, value in state.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
