"""The performance signature of a task: what its speed and memory depend on."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

import torch

from ...errors import SaturnError
from ...task import Task
from ...torch_settings import changed_settings
from ..components.nested_tensors import shapes
from ..components.optimizer_factory import make_optimizer
from ..components.seeding import derive, undisturbed
from ..task.epoch_order import first_batch
from ..task.factory import total_steps
from ..task.samples import Samples
from .function_code import qualified
from .monkeypatch import monkeypatches
from .step_code import StepCode

if TYPE_CHECKING:
    from ...generated.wire_types import TaskSpec

_FREE = ("lr", "weight_decay")  # settings of an optimizer that cost nothing


def signature(task: Task, batch: Any) -> str:
    """A digest that is equal for tasks which run at equal speed on equal devices.

    It covers the structure of the model with the code and plain settings of its modules, shapes
    and types of parameters and of a batch, how batches are cut and loaded, the kind of optimizer,
    the code of forward, loss and collate with the values that it reads, the settings of the
    process such as TF32, and what the task has replaced in PyTorch. Learning rate, weight decay,
    the norm to clip to, seed, length, schedule and how to validate are left out.

    Parameters
    ----------
    batch
        A collated batch.
    """
    step = [task.loss, task.collate, task.forward]
    code = StepCode([*task.model.modules(), *(each for each in step if each is not None)])
    facts = {
        "modules": [code.module(name, module) for name, module in task.model.named_modules()],
        "parameters": [
            [name, *_tensor(parameter), parameter.requires_grad]
            for name, parameter in task.model.named_parameters(remove_duplicate=False)
        ],
        "buffers": [[name, *_tensor(buffer)] for name, buffer in task.model.named_buffers()],
        "batch": shapes(batch),
        "batch_size": task.batch_size,
        "optimizer": optimizer_kind(task),
        # Numbers such as a smoothing or a margin cost nothing.
        "loss": code.function(task.loss, floats=False),
        "collate": None if task.collate is None else code.function(task.collate, floats=False),
        "blocks": task.blocks,
        "forward": None if task.forward is None else code.function(task.forward),
        "micro_batches": task.micro_batches,
        "equal_parts": task.equal_parts,
        "clips": task.clip_norm is not None,
        "precision": task.precision,
        "settings": changed_settings(torch),
        "exact_random": task.exact_random,
        "workers": task.workers,
        # What these hold is more often a seed or a length than a cost.
        "order": None if task.order is None else code.outline(task.order),
        "before_step": None if task.before_step is None else code.outline(task.before_step),
        # Models of transformers choose their kernels by it, with the same code.
        "attention": getattr(getattr(task.model, "config", None), "_attn_implementation", None),
    }
    patched = {
        name: [getattr(value, "__name__", ""), code.function(value)]
        for name, value in monkeypatches()
    }
    if patched:
        facts["patched"] = patched
    text = json.dumps(facts, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def require_signature(task: Task, spec: TaskSpec, expected: str) -> None:
    """Check that a task is what it was where it was inspected.

    Code that looks at ``torch.cuda.is_available()`` may make another of it.

    Parameters
    ----------
    expected
        The signature of that inspection, with what was put behind it since.

    Raises
    ------
    SaturnError
        ``other-task``.
    """
    samples = Samples(task.data, task.collate, derive(spec["seed"], "inspection"))
    with undisturbed():
        found = signature(task, samples.batch(first_batch(task, samples.count)))
    if re.split("[@/]", expected)[0] != found:
        raise SaturnError(
            "other-task",
            f"{spec['name']} is built otherwise here than where it was inspected: its model, loss, "
            "batch or precision differ, so what was found out about it does not hold.",
            "Have the function build the same each time, whatever torch.cuda.is_available() says.",
        )


def require_length(task: Task, spec: TaskSpec, expected: int) -> None:
    """Check that a task is as long as the one like it that was inspected. Raises as above.

    Parameters
    ----------
    expected
        Optimizer steps in all.
    """
    found = total_steps(task, spec)
    if found != expected:
        raise SaturnError(
            "other-task",
            f"{spec['name']} has {found} steps, not {expected} as the point of its sweep that was "
            "inspected.",
            "It is inspected by itself.",
        )


def _tensor(tensor: torch.Tensor) -> list[Any]:
    return [list(tensor.shape), str(tensor.dtype)]


def optimizer_kind(task: Task) -> list[Any]:
    """What of a task's optimizer its speed and memory depend on, as JSON."""
    trained = [(n, p) for n, p in task.model.named_parameters() if p.requires_grad]
    if not trained:
        return []
    optimizer = make_optimizer(task, trained)
    switches = {
        # Whether there is momentum decides the memory, how much does not.
        key: bool(value) if isinstance(value, float) else value
        for key, value in optimizer.defaults.items()
        if value is None or isinstance(value, bool | float | str)
    }
    return [qualified(type(optimizer)), {k: v for k, v in switches.items() if k not in _FREE}]
