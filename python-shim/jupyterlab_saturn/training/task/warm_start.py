"""A model that begins with the weights of another task's."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.filesystem import FileSystemReader
from torch.distributed.checkpoint.metadata import TensorStorageMetadata
from torch.distributed.checkpoint.state_dict_loader import load

from ...errors import SaturnError
from ...paths import SessionPaths

if TYPE_CHECKING:
    from ...generated.wire_types import TaskSpec, WarmStart

_MODEL = "model."
_NAMED = 3  # in an error; the rest is counted


def factory_seed(spec: TaskSpec) -> int:
    """The seed of what a task's factory draws: that of the task whose weights it begins with.

    Weights that are not trained are in no checkpoint: the factory makes them anew, and then a
    split of the data is the same, too.
    """
    warm = spec.get("warmStart")
    return int(spec["seed"] if warm is None else warm["seed"])


def saved_parameters(folder: Path) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the parameters and buffers that a checkpoint holds."""
    saved = FileSystemReader(folder).read_metadata().state_dict_metadata
    return {
        name.removeprefix(_MODEL): tuple(known.size)
        for name, known in saved.items()
        if name.startswith(_MODEL) and isinstance(known, TensorStorageMetadata)
    }


def begin_warm(paths: SessionPaths, spec: TaskSpec, model: nn.Module) -> None:
    """Give a model, where its numbers are, the weights that its task begins with.

    Raises
    ------
    SaturnError
        ``weights-mismatch`` when they do not fit the model; ``no-weights`` when they cannot be
        read.
    """
    warm = spec.get("warmStart")
    if warm is None or not warm["checkpoints"]:
        return
    folders = [paths.weights(name) for name in warm["checkpoints"]]
    tensors = {name: tensor.detach() for name, tensor in model.state_dict(keep_vars=True).items()
               if isinstance(tensor, torch.Tensor)}  # fmt: skip
    try:
        saved = [saved_parameters(folder) for folder in folders]
        _require_fit(spec, model, tensors, saved)
        for folder, known in zip(folders, saved, strict=True):
            _load(folder, model, {name: tensors[name] for name in known})
    except (OSError, CheckpointException) as error:
        raise SaturnError(
            "no-weights",
            f"The weights that {spec['name']} begins with cannot be read: {error}",
            "Make the clone anew, or from scratch.",
        ) from error


def _load(folder: Path, model: nn.Module, tensors: dict[str, torch.Tensor]) -> None:
    state: dict[str, Any] = {
        # A model of another rank than the first may have no numbers: it gets them from there.
        "model": {name: tensor for name, tensor in tensors.items() if not tensor.is_meta},
        "extra": b"",
    }
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="torch.distributed is disabled")
        load(state, storage_reader=FileSystemReader(folder), no_dist=True)
    for name, value in pickle.loads(state["extra"]).items():
        model.get_submodule(name).set_extra_state(value)


def _require_fit(
    spec: TaskSpec,
    model: nn.Module,
    tensors: dict[str, torch.Tensor],
    saved: list[dict[str, tuple[int, ...]]],
) -> None:
    there = {name: shape for known in saved for name, shape in known.items()}
    untrained = {
        n for n, p in model.named_parameters(remove_duplicate=False) if not p.requires_grad
    }
    reasons = {
        "are of another shape there": [
            f"{name} ({list(there[name])}, here {list(tensor.shape)})"
            for name, tensor in tensors.items()
            if name in there and there[name] != tuple(tensor.shape)
        ],
        "are not there": sorted(tensors.keys() - there.keys() - untrained),
        "are not in this model": sorted(there.keys() - tensors.keys()),
    }
    wrong = [f"{_some(names)} {what}" for what, names in reasons.items() if names]
    if wrong:
        warm: WarmStart = spec["warmStart"]
        raise SaturnError(
            "weights-mismatch",
            f"{spec['name']} cannot begin with the weights of {warm['task']}: {'; '.join(wrong)}.",
            "Leave the shape of the model as it is, and what of it is trained; or make the clone "
            "with --from scratch.",
        )


def _some(names: Collection[str]) -> str:
    listed = list(names)
    more = len(listed) - _NAMED
    return ", ".join(listed[:_NAMED]) + (f" and {more} more" if more > 0 else "")
