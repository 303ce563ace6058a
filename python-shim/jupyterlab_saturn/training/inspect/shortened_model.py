"""A model with fewer of its repeated layers, to try quickly what all of it does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from torch import nn

_KEPT = 2


@contextmanager
def shortened(model: nn.Module) -> Iterator[bool]:
    """Within it, lists and sequences hold no more than two of layers that are alike.

    Alike are layers of one class, settings and shapes: what one does with a batch, all do.
    Yields whether any layer is left out. The forward may not work so: it may count its layers.
    """
    lists = [m for m in model.modules() if isinstance(m, nn.ModuleList | nn.Sequential)]
    before = [(layers, dict(layers._modules)) for layers in lists]
    try:
        yield sum(_shorten(layers) for layers in lists) > 0
    finally:
        for layers, modules in before:
            _set(layers, modules)


def _shorten(layers: nn.ModuleList | nn.Sequential) -> bool:
    seen: Counter[str] = Counter()
    kept = []
    for name, layer in layers._modules.items():
        look = _look(layer)
        seen[look] += 1
        if seen[look] <= _KEPT:
            kept.append((name, layer))
    if len(kept) == len(layers._modules):
        return False
    numbered = all(name.isdecimal() for name in layers._modules)
    # A list finds its layers by these names, so they must be without gaps.
    names = [str(place) if numbered else name for place, (name, _) in enumerate(kept)]
    _set(layers, dict(zip(names, (layer for _, layer in kept), strict=True)))
    return True


def _look(layer: nn.Module | None) -> str:
    if layer is None:
        return "None"
    shapes = [(tuple(p.shape), p.dtype, p.requires_grad) for p in layer.parameters()]
    return f"{type(layer).__module__} {layer!r} {shapes}"


def _set(layers: nn.Module, modules: Mapping[str, nn.Module | None]) -> None:
    layers._modules.clear()
    layers._modules.update(modules)
