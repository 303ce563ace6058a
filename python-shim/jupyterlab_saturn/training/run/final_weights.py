"""What stays of a finished task: its model, and its weights in the place of its checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ..components.state_dicts import EXTRA_STATE
from ..runtime.device import RankDevice
from ..runtime.process_group import ProcessGroup
from ..runtime.workload_spec import WorkloadSpec
from ..task.warm_start import WEIGHTS
from .atomic_checkpoint import AtomicCheckpoints
from .attempt_claim import AttemptClaim
from .best_model import BEST
from .checkpoint_manifest import fingerprint
from .model_export import write_model, write_weights
from .workload import Workload

if TYPE_CHECKING:
    from .checkpoint_manifest import CheckpointDetails, Manifest

_FOLDER = "final"


class FinalWeights:
    """The weights that a task was finished with: clones begin with them, and it is judged by them.

    They are one file. The model's is another name of it where that holds just them.

    Parameters
    ----------
    identity
        What was trained; see `AtomicCheckpoints`.
    claim
        Of the attempt that trains it; see `AtomicCheckpoints`.
    """

    def __init__(
        self,
        spec: WorkloadSpec,
        identity: str,
        world: ProcessGroup,
        device: RankDevice,
        claim: AttemptClaim,
    ) -> None:
        self._spec = spec
        self._world = world
        self._device = device
        folder = spec.paths.checkpoints(spec.task["name"])
        self._commits = AtomicCheckpoints(folder / _FOLDER, f"{identity}/{_FOLDER}", claim)
        self._training = AtomicCheckpoints(folder, identity, claim)
        self._best = AtomicCheckpoints(folder / BEST, identity, claim)

    def newest(self) -> Manifest | None:
        """What they say of themselves, if they are there and undamaged. A collective."""
        return self._world.on_root(self._commits.newest)

    def folder(self, manifest: Manifest) -> Path:
        """Where the file is."""
        return self._commits.path(manifest)

    def export(
        self, workload: Workload, details: CheckpointDetails | None, last: int | None = None
    ) -> Path:
        """Write the trained model, and keep its weights instead of checkpoints. A collective.

        Parameters
        ----------
        details
            As of `AtomicCheckpoints.commit`; nothing but the model is written when None.
        last
            Step of the checkpoint that is to stay.

        Returns
        -------
        Path
            The model's file or folder.

        Raises
        ------
        SaturnError
            ``disk-full``; ``late-commit`` when a later attempt has begun; and whatever
            `write_model` raises.
        """

        def keep(kept: Mapping[str, Any], of_model: int) -> Path | None:
            if details is None:
                return None
            file = self._commit(kept, of_model, details)
            self._training.drop(last)
            self._best.drop()
            return file

        return self._write(workload, keep)

    def export_again(self, workload: Workload, manifest: Manifest) -> Path:
        """Write the model of weights that are kept, which stay as they are. A collective.

        Returns
        -------
        Path
            As `export`. Raises whatever `write_model` raises.
        """
        file = self.folder(manifest) / WEIGHTS
        return self._write(workload, lambda *_: file)

    def _write(
        self, workload: Workload, keep: Callable[[Mapping[str, Any], int], Path | None]
    ) -> Path:
        """Write the model of a workload.

        Parameters
        ----------
        keep
            Is given the weights that are to be kept, and how many bytes the model has; returns
            their file, if there is one. Called on rank 0.
        """
        runner = workload.runner
        runner.release_optimizer()  # whose memory the gathered model may need
        saved = runner.saved_names()
        with self._device.unlimited():
            weights = runner.full_weights()
            kept = {n: w for n, w in weights.items() if n in saved or n.endswith(EXTRA_STATE)}

            def write() -> Path:
                file = keep(kept, _bytes(weights))
                same = file if len(kept) == len(weights) else None
                spec = self._spec
                return write_model(
                    *(spec.paths, spec.task, workload.task, weights, same), attempt=spec.attempt
                )

            return self._world.on_root(write)

    def _commit(
        self, weights: Mapping[str, Any], of_model: int, details: CheckpointDetails
    ) -> Path:
        """Keep weights, with room for a model of so many bytes. Returns the file."""
        step = details.get("bestStep", details["ended"])
        need = max(_bytes(weights), of_model)
        folder = self._commits.begin(step, need)
        try:
            write_weights(folder / WEIGHTS, weights)
            files = {WEIGHTS: fingerprint(folder / WEIGHTS)}
            return self._commits.commit(step, files, details) / WEIGHTS
        except OSError:
            self._commits.require_space(need)  # a full disk shows as anything but that
            raise
        finally:
            self._commits.abandon(step)


def _bytes(weights: Mapping[str, Any]) -> int:
    tensors = [w for w in weights.values() if isinstance(w, torch.Tensor)]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
