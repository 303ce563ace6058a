"""A training step without its numbers: what it keeps, what it trains, and where it fails."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._pytree import tree_map_only

from ...errors import SaturnError
from ...task import Task
from ..components.loss import evaluate_loss, outputs_of
from ..components.nested_tensors import pair, shapes
from ..components.optimizer_factory import make_optimizer
from ..components.precision import precise
from ..components.seeding import undisturbed
from ..components.side_effects import without_side_effects
from ..model.activation_memory import ActivationMemory
from ..model.blocks import find_blocks
from ..model.memory_estimate import MemoryEstimate
from ..runtime.failure import describe, is_out_of_memory
from ..task.epoch_order import first_batch
from ..task.samples import Samples
from .deadline import TimeUp, deadline
from .placed_samples import device_of

_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class DryRun:
    """What a training step would do.

    Attributes
    ----------
    footprint
        The memory it takes.
    idle
        Names of parameters that are to be trained but that the loss does not depend on.
    """

    footprint: MemoryEstimate
    idle: tuple[str, ...]


def dry_run(task: Task, samples: Samples, kind: Literal["cpu", "cuda"]) -> DryRun | None:
    """Go through a step of one micro-batch on one device with tensors that have no memory.

    The task's model and the global generators stay as they are.

    Parameters
    ----------
    kind
        The devices that the task is to run on.

    Returns
    -------
    DryRun | None
        None when PyTorch cannot follow, as with control flow that depends on values or with
        kernels it does not know, or when it takes too long.

    Raises
    ------
    SaturnError
        ``data-failed`` when the batch cannot be loaded, ``bad-batch`` or ``bad-loss`` when parts
        of the task do not fit together, ``forward-failed`` when model or loss raise: also with
        real samples, so it is not for the lack of numbers.
    """
    with undisturbed():
        batch = _load(samples, first_batch(task, samples.count))
        try:
            with deadline(_SECONDS):
                return _follow(task, batch, kind)
        except TimeUp:
            return None
        except Exception as error:
            without_numbers = error
        _confirm(task, samples, kind, without_numbers)
    return None


def _load(samples: Samples, indices: Sequence[int]) -> Any:
    try:
        return samples.batch(indices)
    except Exception as error:
        if isinstance(error, SaturnError) or is_out_of_memory(error):
            raise
        raise _told(
            error,
            "data-failed",
            f"{len(indices)} samples cannot be made a batch",
            "Give the Task a collate that brings them to one shape.",
        ) from error


def _follow(task: Task, batch: Any, kind: str) -> DryRun:
    mode = FakeTensorMode(allow_non_fake_inputs=True)
    fake = tree_map_only(torch.Tensor, mode.from_tensor, batch)
    model = task.model
    blocks = find_blocks(model, task.blocks)
    named = {name: p for name, p in model.named_parameters() if p.requires_grad}
    with without_side_effects(model), mode:
        _replace_buffers(model, mode)
        with ActivationMemory(model, blocks) as memory:
            loss = _loss(task, fake)
            kept = memory.bytes()
        gradients = torch.autograd.grad(loss, list(named.values()), allow_unused=True)
        if kind == "cuda":
            # On the CPU dropout takes more memory: wider masks, and attention written out.
            model.eval()
            with ActivationMemory(model, blocks) as memory:
                loss = _loss(task, fake)
                kept = min(kept, memory.bytes())
        optimizer = _optimizer_bytes(task, named, mode)
    trained = bytes_of(named.values())
    return DryRun(
        footprint=MemoryEstimate(
            trained=trained,
            frozen=bytes_of([*model.parameters(), *model.buffers()]) - trained,
            optimizer=optimizer,
            activations=kept[0],
            checkpointed=kept[1],
            largest_block=max(bytes_of(block.parameters()) for block in blocks or [model]),
        ),
        idle=tuple(n for n, g in zip(named, gradients, strict=True) if g is None),
    )


def _loss(task: Task, batch: Any) -> torch.Tensor:
    inputs, targets = pair(batch)
    with precise(task, device_of(task).type):
        outputs = outputs_of(task, task.model, inputs)
        return evaluate_loss(task.loss, outputs, targets).value


def _optimizer_bytes(task: Task, named: dict[str, torch.nn.Parameter], mode: FakeTensorMode) -> int:
    """State of the optimizer after a step; 0 when it needs numbers to make one."""
    copies = [(name, torch.nn.Parameter(mode.from_tensor(p))) for name, p in named.items()]
    for _, copy in copies:
        copy.grad = torch.empty_like(copy)
    try:
        optimizer = make_optimizer(task, copies)
        optimizer.step()
    except Exception:  # it is for the trial to find what is wrong with real numbers
        return 0
    return bytes_of(
        value
        for state in optimizer.state.values()
        for value in state.values()
        if isinstance(value, torch.Tensor)
    )


def _confirm(task: Task, samples: Samples, kind: str, fake: Exception) -> None:
    """Raise what a real forward raises, if it fails like the one without numbers.

    What is to run on GPUs has failed if a real forward does, however: it is tried on one then.
    """
    indices = first_batch(task, samples.count)
    batch = samples.batch(indices)
    real = why_failing(task, batch)
    if real is None or is_out_of_memory(real):
        return
    if isinstance(real, SaturnError):
        raise real
    if type(real) is type(fake) or kind == "cuda":
        raise _told(
            real,
            "forward-failed",
            "Model or loss cannot take a batch",
            f"A batch of {len(indices)} samples looks like this: {shapes(batch)}.",
        ) from real


def why_failing(task: Task, batch: Any) -> Exception | None:
    """What a forward with real numbers raises; None when it does."""
    with without_side_effects(task.model), torch.no_grad():
        try:
            _loss(task, batch)
        except Exception as error:
            return error
    return None


def _told(error: Exception, code: str, what: str, hint: str) -> SaturnError:
    failure = describe(error, code)
    told = SaturnError(code, f"{what}: {failure['message']}", hint)
    told.traceback = failure.get("traceback")
    return told


def _replace_buffers(model: torch.nn.Module, mode: FakeTensorMode) -> None:
    """Let a model work on buffers without memory, which it may change."""
    for module in model.modules():
        for name, buffer in list(module.named_buffers(recurse=False)):
            setattr(module, name, mode.from_tensor(buffer))


def bytes_of(tensors: Iterable[torch.Tensor]) -> int:
    """How much memory some tensors take."""
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
