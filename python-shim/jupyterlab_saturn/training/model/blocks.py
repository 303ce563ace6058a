"""The repeated layers of a model: the unit that sharding works on."""

from __future__ import annotations

from collections import Counter

from torch import nn

from ...errors import SaturnError


def find_blocks(model: nn.Module, name: str | None) -> list[nn.Module]:
    """The repeated layers of a model, in order; none when there are none to be told apart.

    Parameters
    ----------
    name
        Dotted name of the module that lists them. When absent: the longest list or sequence of
        two or more modules of one class with parameters.

    Raises
    ------
    SaturnError
        ``no-blocks`` when `name` names no list of modules.
    """
    found = _longest(model) if name is None else _named(model, name)
    return [] if _shares_parameters(model, found) else found


def _named(model: nn.Module, name: str) -> list[nn.Module]:
    try:
        layers = model.get_submodule(name)
    except AttributeError:
        layers = None
    if not isinstance(layers, nn.ModuleList | nn.Sequential | nn.ModuleDict):
        raise SaturnError(
            "no-blocks",
            f"blocks={name!r} names no list of layers in the model.",
            "Name a ModuleList, ModuleDict or Sequential as model.named_modules() does, or "
            "leave blocks out.",
        )
    return list(layers.children())


def _longest(model: nn.Module) -> list[nn.Module]:
    best: list[nn.Module] = []
    for module in model.modules():
        if not isinstance(module, nn.ModuleList | nn.Sequential):
            continue
        layers = list(module.children())
        alike = len({type(layer) for layer in layers}) == 1
        if alike and len(layers) > max(1, len(best)) and any(True for _ in layers[0].parameters()):
            best = layers
    return best


def _shares_parameters(model: nn.Module, blocks: list[nn.Module]) -> bool:
    """Whether a parameter is used both inside a block and elsewhere: it cannot be dropped then."""
    uses = Counter(id(p) for m in model.modules() for p in m.parameters(recurse=False))
    inside = [
        Counter(id(p) for m in block.modules() for p in m.parameters(recurse=False))
        for block in blocks
    ]
    return any(uses[key] > count for block in inside for key, count in block.items())
