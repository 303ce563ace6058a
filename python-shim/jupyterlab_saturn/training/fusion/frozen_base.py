"""What adapters of one run have in common: the model below them, and how it is called."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import nn

from ...errors import SaturnError
from ...task import Task
from ...torch_settings import changed_settings
from ..components.nested_tensors import shapes
from ..components.tensor_bytes import tensor_bytes
from ..model.function_code import qualified
from ..model.monkeypatch import monkeypatches
from ..model.performance_signature import optimizer_kind
from ..model.step_code import StepCode
from .adapter_sites import AdapterSite, frozen_tensors
from .held_settings import HeldSettings

_WHOLE_BYTES = 1 << 28
"""Of a larger model one number of some stands for its neighbours: whether tensors are equal is
looked at again, in whole, where they are to be shared."""
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
_LENGTH_STEP = 1.25
_SMALL_RANK, _RANK_STEP = 16, 8
"""Ranks of common sweeps are of one class: up to 16, and 32 to 128."""


def base_digest(task: Task, sites: Sequence[AdapterSite], batch: Any) -> str:
    """A digest that is equal for tasks whose adapters one forward can train.

    It covers the frozen model, numbers and all, which of its layers are adapted, how it is called,
    and how batches are cut; and what the speed of such a run depends on, as what was measured of
    some is believed of all: about how large adapters are and how long samples, the kind of
    optimizer, whether gradients are clipped and whether adapters have dropout. Left out is what
    is each task's own: the very rank, scale, rates, norms, schedule, loss, seed and data.

    Parameters
    ----------
    batch
        A collated batch.
    """
    model = task.model
    within = {id(part) for site in sites for part in site.layer.modules()}
    within -= {id(part) for site in sites for part in site.base.modules()}
    outside = [(name, each) for name, each in model.named_modules() if id(each) not in within]
    code = StepCode([each for _, each in outside])
    held = HeldSettings(code)
    facts = {
        "modules": [[*code.module(name, each), held.module(each)] for name, each in outside],
        "hooks": [[name, *_hooks(each)] for name, each in model.named_modules()],
        "config": held.of(getattr(model, "config", None)),
        "attention": getattr(getattr(model, "config", None), "_attn_implementation", None),
        "sites": [[site.name, str(site.down.dtype), str(site.up.dtype)] for site in sites],
        "forward": None if task.forward is None else code.function(task.forward),
        "inputs": _form(batch),
        "batch_size": task.batch_size,
        "micro_batches": task.micro_batches,
        "equal_parts": task.equal_parts,
        "precision": task.precision,
        "settings": changed_settings(torch),
        "pace": _pace(task, sites),
        "patched": [[name, code.function(value)] for name, value in monkeypatches()],
    }
    digest = hashlib.blake2b(json.dumps(facts, sort_keys=True).encode(), digest_size=12)
    tensors = list(frozen_tensors(model, sites))
    size = sum(tensor.numel() * tensor.element_size() for _, tensor in tensors)
    every = max(1, round(size / _WHOLE_BYTES))
    for name, tensor in tensors:
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        some = tensor.detach().reshape(-1)[::every]
        digest.update(tensor_bytes(some.cpu().contiguous()))
    return digest.hexdigest()


@torch.no_grad()
def share_frozen(
    name: str,
    model: nn.Module,
    sites: Sequence[AdapterSite],
    host: nn.Module,
    host_sites: Sequence[AdapterSite],
) -> None:
    """Have a model use the frozen parameters of another, so that its own are freed.

    Buffers, which a forward may change, stay its own.

    Parameters
    ----------
    name
        Of the model's task.

    Raises
    ------
    SaturnError
        ``other-base`` when they differ in a single bit.
    """
    own, theirs = dict(frozen_tensors(model, sites)), dict(frozen_tensors(host, host_sites))
    same_sites = [site.name for site in sites] == [site.name for site in host_sites]
    if not same_sites or own.keys() != theirs.keys():
        raise _other(name, "its layers are others")
    for key, tensor in own.items():
        if not _same(tensor, theirs[key]):
            raise _other(name, f"{key} differs")
    for key, tensor in own.items():
        if isinstance(tensor, nn.Parameter):
            tensor.data = theirs[key].data


def _other(name: str, what: str) -> SaturnError:
    return SaturnError(
        "other-base",
        f"{name} was to be trained in one run with others, but the model below its adapter is "
        f"not theirs: {what}.",
        "Have the function load the same weights each time; run it again to train it alone.",
    )


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    if one.device == other.device and one.data_ptr() == other.data_ptr():
        return True
    bits = [t.detach().contiguous().reshape(-1).view(torch.uint8) for t in (one, other)]
    return torch.equal(bits[0].to(bits[1].device), bits[1])


def _pace(task: Task, sites: Sequence[AdapterSite]) -> list[Any]:
    """What of the adapters and their steps a fused step takes longer for."""
    rank, most = max(site.rank for site in sites), _SMALL_RANK
    while most < rank:
        most *= _RANK_STEP
    drops = any(getattr(site.dropout, "p", 0) > 0 for site in sites)
    return [most, drops, task.clip_norm is not None, optimizer_kind(task)]


def _hooks(module: nn.Module) -> list[str]:
    hooks = (hook for kind in _HOOKS for hook in (vars(module).get(kind) or {}).values())
    return [qualified(hook if hasattr(hook, "__qualname__") else type(hook)) for hook in hooks]


def _form(batch: Any) -> Any:
    """What a batch looks like, with about how long its samples are."""
    inputs = batch[0] if isinstance(batch, list | tuple) and len(batch) == 2 else batch
    return _with_rough_lengths(shapes(inputs))


def _with_rough_lengths(form: Any) -> Any:
    if isinstance(form, dict):
        return {key: _with_rough_lengths(part) for key, part in form.items()}
    if isinstance(form, list) and len(form) == 2 and isinstance(form[1], list):
        kind, shape = form
        return [kind, [len(shape), *(list(_rough(shape)))]]
    if isinstance(form, list):
        return [_with_rough_lengths(part) for part in form]
    return form


def _rough(shape: Sequence[int]) -> Iterator[int]:
    """Sizes behind the first; the second by the powers of 1.25 that it lies between."""
    for place, size in enumerate(shape[1:]):
        if place > 0 or size < 1:
            yield size
            continue
        power, bound = 0, 1.0
        while bound < size:
            power, bound = power + 1, bound * _LENGTH_STEP
        yield power
