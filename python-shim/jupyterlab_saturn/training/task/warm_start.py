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
from ..components.state_dicts import EXTRA_STATE

if TYPE_CHECKING:
    from ...generated.wire_types import TaskSpec, WarmStart

WEIGHTS = "weights.pt"
"""The one file of a finished task's weights; checkpoints to go on from have others."""

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
    if (folder / WEIGHTS).exists():
        weights = _weights(folder)
        return {n: tuple(w.shape) for n, w in weights.items() if not n.endswith(EXTRA_STATE)}
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
    tensors = _tensors(model)
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


def take_weights(folder: Path, model: nn.Module) -> None:
    """Give a model, where its numbers are, the weights that its task was finished with.

    Raises
    ------
    SaturnError
        ``checkpoint-mismatch`` when they are of another model.
    """
    tensors, known = _tensors(model), saved_parameters(folder)
    wrong = _misfits(model, tensors, known)
    if wrong:
        raise SaturnError(
            "checkpoint-mismatch",
            f"The weights in {folder} do not fit the model: {wrong}.",
            "Give the task another name, or remove its checkpoints.",
        )
    _load(folder, model, {name: tensors[name] for name in known})


def _tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    state = model.state_dict(keep_vars=True)
    return {name: t.detach() for name, t in state.items() if isinstance(t, torch.Tensor)}


def _weights(folder: Path) -> dict[str, Any]:
    """A finished task's weights, read when they are used. Extra state may be anything."""
    file = folder / WEIGHTS
    weights: dict[str, Any] = torch.load(file, "cpu", mmap=True, weights_only=False)
    return weights


def _load(folder: Path, model: nn.Module, tensors: dict[str, torch.Tensor]) -> None:
    if (folder / WEIGHTS).exists():
        weights = _weights(folder)
        for name, tensor in tensors.items():
            # A model of another rank than the first may have no numbers: it gets them from there.
            if not tensor.is_meta:
                tensor.copy_(weights[name])
        for name in (name for name in weights if name.endswith(EXTRA_STATE)):
            module = name.removesuffix(EXTRA_STATE).removesuffix(".")
            model.get_submodule(module).set_extra_state(weights[name])
        return
    state: dict[str, Any] = {
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
    wrong = _misfits(model, tensors, {n: shape for known in saved for n, shape in known.items()})
    if wrong:
        warm: WarmStart = spec["warmStart"]
        raise SaturnError(
            "weights-mismatch",
            f"{spec['name']} cannot begin with the weights of {warm['task']}: {wrong}.",
            "Leave the shape of the model as it is, and what of it is trained; or make the clone "
            "with --from scratch.",
        )


def _misfits(
    model: nn.Module, tensors: dict[str, torch.Tensor], there: dict[str, tuple[int, ...]]
) -> str:
    """In what weights are not those of a model; empty when they are."""
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
    return "; ".join(f"{_some(names)} {what}" for what, names in reasons.items() if names)


def _some(names: Collection[str]) -> str:
    listed = list(names)
    more = len(listed) - _NAMED
    return ", ".join(listed[:_NAMED]) + (f" and {more} more" if more > 0 else "")
