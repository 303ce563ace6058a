"""What a model's forward leaves behind: in what checkpoints hold, and elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn

from ...errors import SaturnError
from ...task import Task
from ..components.batch_norm import batch_norms
from ..components.training_mode import begin_training
from ..task.epoch_order import few_batches
from ..task.samples import Samples
from ..techniques.technique import Demand
from .reference_step import Gradient, ReferenceStep

_MOST_FROZEN = 1 << 28
"""More frozen parameters than this are not copied: checkpoints notice themselves if they change."""


def changed_state(task: Task, samples: Samples) -> Iterator[tuple[Demand, str]]:
    """What techniques may demand and a forward does not leave as it was, and why not.

    Raises
    ------
    SaturnError
        ``hidden-state`` when a forward depends on those before it through something that no
        checkpoint holds.
    TimeUp
        Under a `deadline`.
    """
    model, step = task.model, ReferenceStep(task)
    batches = few_batches(task, samples.count, step.samples)
    begin_training(model)
    state = _State(model)

    def forward(indices: Sequence[int]) -> tuple[Gradient, dict[str, torch.Tensor]]:
        """From the state at first, which is there again afterwards."""
        with state.kept():
            return step.gradient([(samples.batch(indices), 1.0)]), state.changes()

    fresh, _ = forward(batches[0])
    for batch in batches[1:]:
        forward(batch)
    again, _ = forward(batches[0])
    if fresh.loss.isfinite() and not torch.equal(fresh.loss, again.loss):
        raise SaturnError(
            "hidden-state",
            f"The loss of a batch is {float(fresh.loss):.6g}, but {float(again.loss):.6g} after "
            f"others: {state.where()} remembers earlier batches, which no checkpoint holds.",
            "Keep it in a buffer (register_buffer), or train by your own loop: "
            "%%saturn task --native.",
        )
    with _after_a_step(model):
        by_first, *by_others = [forward(batch)[1] for batch in batches]
    if not by_first:
        return
    names = sorted(by_first)
    listed = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
    yield "constant-state", f"the forward changes {listed}, which must be in one piece for that"
    alike = all(_equal(by_first, other) for other in by_others)
    if not alike:
        yield "equal-state", f"the forward changes {listed} by the samples it sees"
    elif task.micro_batches > 1:
        yield "equal-state", f"the forward changes {listed} with each micro-batch"


@contextmanager
def _after_a_step(model: nn.Module) -> Iterator[None]:
    """Within it what is trained is a little off: what follows it, such as a teacher, shows then."""
    trained = [(p, p.data) for p in model.parameters() if p.requires_grad]
    try:
        for parameter, values in trained:
            parameter.data = values + 0.01
        yield
    finally:
        for parameter, values in trained:
            parameter.data = values


class _State:
    """Buffers, frozen parameters and attributes of a model as they are now."""

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        taken = {id(b) for layer in batch_norms(model) for b in layer.buffers()}
        frozen = {n: p for n, p in model.named_parameters() if not p.requires_grad}
        if sum(p.numel() for p in frozen.values()) > _MOST_FROZEN:
            frozen = {}
        self._tensors = {**dict(model.named_buffers()), **frozen}
        self._statistics = {n for n, tensor in self._tensors.items() if id(tensor) in taken}
        self._values = {n: tensor.detach().clone() for n, tensor in self._tensors.items()}
        self._buffers = [(module, dict(module._buffers)) for module in model.modules()]
        self._attributes = [(n, m, dict(vars(m))) for n, m in model.named_modules()]

    def changes(self) -> dict[str, torch.Tensor]:
        """What differs, by name; without the statistics of batch normalisation."""
        now = {**dict(self._model.named_buffers()), **dict(self._model.named_parameters())}
        return {
            name: now[name].detach().clone()
            for name, value in self._values.items()
            if name in now and name not in self._statistics and not _same(now[name], value)
        }

    def where(self) -> str:
        """Which attributes of the model have other values."""
        names = [
            f"{path}.{key}" if path else key
            for path, module, before in self._attributes
            for key, value in vars(module).items()
            if not key.startswith("_") and value is not before.get(key)
        ]
        return f"the model's {', '.join(names[:3])}" if names else "the model or the loss"

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Afterwards all that checkpoints hold is as it was, and attributes as they became."""
        try:
            yield
        finally:
            for module, buffers in self._buffers:
                module._buffers.update(buffers)
            with torch.no_grad():
                for name, tensor in self._tensors.items():
                    if not _same(tensor, self._values[name]):
                        tensor.data = self._values[name].clone()


def _same(tensor: torch.Tensor, other: torch.Tensor) -> bool:
    return tensor.shape == other.shape and torch.equal(tensor, other)


def _equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
