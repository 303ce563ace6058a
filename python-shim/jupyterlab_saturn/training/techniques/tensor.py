"""The layers of a model split inside, each device computing with a part of every one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.tensor import DTensor, Replicate
from torch.distributed.tensor.parallel import (
    ColwiseParallel,
    ParallelStyle,
    RowwiseParallel,
    parallelize_module,
)

from ...task import Task
from ..components.loss import Part
from ..model.linear_pairs import linear_pairs
from ..model.memory_estimate import MemoryEstimate
from ..task.data_order import MicroBatch
from ..task.task_validation import why_not_split
from .context import Context, Knobs
from .restorable import State
from .runner import Runner
from .technique import (
    BuiltInTechnique,
    Choice,
    DeviceKind,
    Texture,
    why_not_in_pieces,
    why_not_replaced,
    why_not_trainable,
)

_BY_COLUMNS, _BY_ROWS = "colwise", "rowwise"
_GATHERED = "colwise_gather_output"
_WHOLE = "embedding_rowwise"  # saves memory only, and shares its weight with the output layer
_INSIDE = "replicated_with_grad_allreduce"


class TensorParallel(BuiltInTechnique):
    """`torch.distributed.tensor.parallel`: for links so fast that every layer may be added up.

    Models of transformers say themselves how they are split, by their ``tp_plan``; PEFT's LoRA
    follows. In other models, linear layers are split that only element-wise functions are
    between. All else is on every device. All devices work on the same samples.
    """

    name = "tensor"
    order = 70
    texture = Texture(path="M0 3H6", size=6, stroke=1.5)
    demands = frozenset({"constant-graph", "one-backward", "constant-state"})

    def feasible(self, task: Task, devices: int, kind: DeviceKind) -> str | None:
        if devices < 2:
            return "on one device it is the same as single"
        return why_not_trainable(task) or why_not_joined(task, devices)

    def choices(self, task: Task, devices: int) -> list[Choice]:
        return [Choice()]

    def estimate(self, footprint: MemoryEstimate, devices: int, knobs: Knobs) -> int:
        return (footprint.state + footprint.activations) // devices

    def build(self, task: Task, context: Context) -> Runner:
        context.unify(task.model)
        split = Split(task, context.mesh(tensor=context.world.size))
        task.model.to(context.device)
        return SplitRunner(split, task, task.model, context, data_rank=0, data_ranks=1)


class Split:
    """A task's model split over a mesh of one dimension. Making it is a collective."""

    def __init__(self, task: Task, mesh: DeviceMesh) -> None:
        plan = _plan(task, mesh.size())
        assert not isinstance(plan, str), plan  # it was feasible
        # In evaluation, transformer layers of PyTorch would compute with all weights at once.
        torch.backends.mha.set_fastpath_enabled(False)
        self._group = mesh.get_group()
        parallelize_module(task.model, mesh, dict(plan.styles))
        self._inside = [task.model.get_submodule(name) for name in plan.inside]

    def complete_gradients(self) -> None:
        """Add up the gradients of what is whole but works on a part. A collective."""
        # Looked up each time: sharding puts other parameters in their place.
        for parameter in chain.from_iterable(module.parameters() for module in self._inside):
            if parameter.grad is not None:
                gradient = parameter.grad
                local = gradient.to_local() if isinstance(gradient, DTensor) else gradient
                dist.all_reduce(local, group=self._group)


class SplitRunner(Runner):
    """Steps a split model. Ranks that share a model work on the same samples, and draw alike.

    The optimizer goes through parameters one by one: those split and those whole are of two
    kinds, which ``foreach`` and ``fused`` do not mix. It is told so here only, not in checkpoints.

    Parameters
    ----------
    options
        Of the class that this one is mixed in before.
    """

    def __init__(self, split: Split, *options: Any, **named: Any) -> None:
        super().__init__(*options, **named)
        self._split = split
        defaults = self._optimizer.defaults
        self._wanted: dict[str, Any] = {
            way: defaults[way] for way in ("foreach", "fused") if way in defaults
        }
        for group in self._optimizer.param_groups:
            group.update(dict.fromkeys(self._wanted, False))

    def restore(self, state: State) -> None:
        options = ((name, name.rpartition(".")[2]) for name in state["optim"])
        singly = {name: False for name, option in options if option in self._wanted}
        super().restore({**state, "optim": {**state["optim"], **singly}})

    def _optimizer_state(self) -> Mapping[str, Any]:
        state = super()._optimizer_state()
        return {n: self._wanted.get(n.rpartition(".")[2], value) for n, value in state.items()}

    def _accumulate(self, micro_batches: Sequence[MicroBatch]) -> Part:
        part = super()._accumulate(micro_batches)
        self._split.complete_gradients()
        return part


def why_not_joined(task: Task, parts: int) -> str | None:
    """Why no layers of a task's model can be split into so many parts."""
    plan = _plan(task, parts)
    if isinstance(plan, str):
        return plan
    return why_not_in_pieces(task) or why_not_replaced(task) or why_not_split(task)


@dataclass(frozen=True)
class _Plan:
    """How each layer is split, by name, and which whole modules work on parts."""

    styles: Mapping[str, ParallelStyle]
    inside: Sequence[str]


def _plan(task: Task, parts: int) -> _Plan | str:
    declared = getattr(task.model, "tp_plan", None)
    if isinstance(declared, Mapping) and declared:
        return _declared(task, declared, parts)
    found = linear_pairs(task)
    if isinstance(found, str):
        return found
    if not found:
        return "the model has no two linear layers with only element-wise functions in between"
    fitting = [joint for joint in found if joint.width % parts == 0]
    if not fitting:
        widths = " or ".join(map(str, sorted({joint.width for joint in found})))
        return f"layers of {widths} columns do not divide evenly over {parts} devices"
    if task.exact_random:
        fitting = [joint for joint in fitting if not joint.random]
        if not fitting:
            return "exact_random cannot draw the dropout between split layers as one device does"
    styles: dict[str, ParallelStyle] = {}
    for joint in fitting:
        styles.update((name, ColwiseParallel()) for name in joint.makers)
        styles.update((name, RowwiseParallel()) for name in joint.takers)
    return _Plan(styles, ())


def _declared(task: Task, declared: Mapping[str, str], parts: int) -> _Plan | str:
    """The plan that a model of transformers declares."""
    reason = _why_not_heads(task.model, parts) or _why_not_exact(task)
    if reason is not None:
        return reason
    styles: dict[str, ParallelStyle] = {}
    inside = []
    for name, module in task.model.named_modules():
        style = next((s for pattern, s in declared.items() if _matches(name, pattern)), None)
        if style == _INSIDE:
            inside.append(name)
        elif style == _GATHERED:
            if type(module) is nn.Linear and _divides(module, parts) and _is_alone(task, module):
                styles[name] = ColwiseParallel(output_layouts=Replicate())
        elif style in (_BY_COLUMNS, _BY_ROWS):
            if (other := _not_lora(module)) is not None:
                return f"{name} has an adapter whose {other} cannot be split"
            for layer, linear in _layers(name, module, style):
                if type(linear) is not nn.Linear or not _is_alone(task, linear):
                    return f"{layer} is to be split, but it is no linear layer of its own"
                if not _divides(linear, parts, rows=style == _BY_ROWS):
                    return f"{layer} does not divide evenly over {parts} devices"
                styles[layer] = ColwiseParallel() if style == _BY_COLUMNS else RowwiseParallel()
        elif style not in (None, _WHOLE):
            return f"the model's own plan wants {name} to be {style}, which is not supported"
    return _Plan(styles, inside) if styles else "the model's own plan names none of its layers"


def _layers(name: str, module: nn.Module, style: str) -> Iterator[tuple[str, nn.Module]]:
    """The linear layers to be split of a module; with a LoRA of PEFT there are several."""
    base = getattr(module, "base_layer", None)
    if not isinstance(base, nn.Module):
        yield name, module
        return
    yield f"{name}.base_layer", base
    adapter = "lora_B" if style == _BY_COLUMNS else "lora_A"
    for key, layer in getattr(module, adapter, nn.ModuleDict()).items():
        yield f"{name}.{adapter}.{key}", layer


def _not_lora(module: nn.Module) -> str | None:
    """A parameter of an adapted layer that is of no plain LoRA, such as a magnitude of DoRA."""
    if not isinstance(getattr(module, "base_layer", None), nn.Module):
        return None
    parts = (name.partition(".")[0] for name, _ in module.named_parameters())
    return next((part for part in parts if part not in ("base_layer", "lora_A", "lora_B")), None)


def _matches(name: str, pattern: str) -> bool:
    """Whether the end of a module's name is that of a plan, in which * is any number."""
    parts, wanted = name.split("."), pattern.split(".")
    own = parts[-len(wanted) :]
    return len(own) == len(wanted) and all(
        part.isdigit() if want == "*" else part == want
        for part, want in zip(own, wanted, strict=True)
    )


def _why_not_heads(model: nn.Module, parts: int) -> str | None:
    config: Any = model.config
    text = config.get_text_config()
    for what in ("num_attention_heads", "num_key_value_heads"):
        count = getattr(text, what, None)
        if isinstance(count, int) and count % parts != 0:
            return f"{what}={count} does not divide evenly over {parts} devices"
    return None


def _why_not_exact(task: Task) -> str | None:
    """Whether dropout might be drawn inside of what is split, which is not looked into."""
    if not task.exact_random:
        return None
    config: Any = task.model.config
    rates = [v for k, v in config.get_text_config().to_dict().items() if "dropout" in k]
    rates += [module.p for module in task.model.modules() if isinstance(module, nn.Dropout)]
    if any(isinstance(rate, float) and rate > 0 for rate in rates):
        return "exact_random cannot draw the dropout between split layers as one device does"
    return None


def _divides(layer: nn.Linear, parts: int, rows: bool = False) -> bool:
    return (layer.in_features if rows else layer.out_features) % parts == 0


def _is_alone(task: Task, layer: nn.Module) -> bool:
    """Whether no other module has a parameter of a layer, such as a tied embedding."""
    own = {id(parameter) for parameter in layer.parameters()}
    return not any(
        id(parameter) in own
        for module in task.model.modules()
        if module is not layer
        for parameter in module.parameters(recurse=False)
    )
