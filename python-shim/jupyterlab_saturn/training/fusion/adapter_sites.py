"""Where a model is adapted: the layers beside which a small product of matrices is trained."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

_LIBRARY = "peft.tuners"
_BASES = ("torch.nn.modules.linear.Linear", "transformers.pytorch_utils.Conv1D")


class NotFused(Exception):
    """A task cannot be trained in one run with others. Its text says why, as part of a sentence."""


@dataclass(frozen=True)
class AdapterSite:
    """A linear layer of a model with the LoRA beside it: ``base(x) + up(down(x)) * scale``.

    Attributes
    ----------
    name
        Of `layer` in the model.
    layer
        What the model calls: PEFT's layer around `base`.
    down, up
        Of shapes ``[rank, inputs]`` and ``[outputs, rank]``.
    dropout
        What `down` gets goes through it.
    """

    name: str
    layer: nn.Module
    base: nn.Module
    down: nn.Parameter
    up: nn.Parameter
    scale: float
    dropout: nn.Module

    @property
    def rank(self) -> int:
        """Size of what is between the two."""
        return int(self.down.shape[0])


def is_adapted(model: nn.Module) -> bool:
    """Whether a model has adapters of PEFT, of whatever kind."""
    # Of a library that is not loaded no model has layers.
    library: Any = sys.modules.get(f"{_LIBRARY}.tuners_utils")
    return library is not None and any(
        isinstance(module, library.BaseTunerLayer) for module in model.modules()
    )


def adapter_sites(model: nn.Module) -> list[AdapterSite]:
    """All adapters of a model, in its order.

    Raises
    ------
    NotFused
        When one is of another kind than LoRA of a linear layer, or more than they is trained.
    """
    library: Any = sys.modules[f"{_LIBRARY}.tuners_utils"]
    sites = [
        _site(name, module)
        for name, module in model.named_modules()
        if isinstance(module, library.BaseTunerLayer)
    ]
    own = {id(each) for site in sites for each in (site.down, site.up)}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and id(parameter) not in own:
            raise NotFused(
                f"{name} is trained beside the adapters, as with modules_to_save or trained biases"
            )
    return sites


def frozen_tensors(
    model: nn.Module, sites: Sequence[AdapterSite]
) -> Iterator[tuple[str, torch.Tensor]]:
    """Parameters and buffers that are none of the adapters', by each of their names."""
    own = {id(each) for site in sites for each in (site.down, site.up)}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        if id(parameter) not in own:
            yield name, parameter
    yield from model.named_buffers(remove_duplicate=False)


def _site(name: str, layer: Any) -> AdapterSite:
    lora: Any = sys.modules.get(f"{_LIBRARY}.lora.layer")
    if lora is None or type(layer) is not lora.Linear:
        kind = type(layer).__qualname__
        raise NotFused(f"{name} is adapted by a {kind}, and only LoRA of plain linear layers is")
    adapters = layer.active_adapters
    if len(adapters) != 1 or len(layer.lora_A) != 1:
        raise NotFused(f"{name} has {len(layer.lora_A)} adapters, not one")
    (adapter,) = adapters
    if layer.lora_variant or any(layer.use_dora.values()):
        raise NotFused(f"{name} is adapted by a variant of LoRA, such as DoRA")
    if layer.merged or layer.disable_adapters:
        raise NotFused(f"the adapter of {name} is merged, or switched off")
    down, up = layer.lora_A[adapter], layer.lora_B[adapter]
    if down.bias is not None or up.bias is not None:
        raise NotFused(f"the adapter of {name} has a bias")
    base = layer.base_layer
    kind = f"{type(base).__module__}.{type(base).__qualname__}"
    if kind not in _BASES:
        raise NotFused(f"{name} adapts a {type(base).__qualname__}, which may be quantised")
    dropout = layer.lora_dropout[adapter]
    if type(dropout) not in (nn.Identity, nn.Dropout):
        raise NotFused(f"the adapter of {name} has a {type(dropout).__qualname__}")
    for part in (down, up, dropout):
        if part._forward_hooks or part._forward_pre_hooks or part._backward_hooks:
            raise NotFused(f"a part of the adapter of {name} has hooks")
    return AdapterSite(
        name, layer, base, down.weight, up.weight, float(layer.scaling[adapter]), dropout
    )
