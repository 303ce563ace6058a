"""Whether somebody has written into a tensor, without a copy of it to compare with."""

from __future__ import annotations

import itertools

import torch
from torch.utils.weak import WeakTensorKeyDictionary

_SAMPLES = 64  # numbers that are looked at


def version_of(tensor: torch.Tensor) -> tuple[object, ...]:
    """What is another once a tensor was written into.

    PyTorch counts what is written, but not by way of ``.data``, as averages of weights often are:
    so it has some of the numbers as well. Of tensors made in `torch.inference_mode`, as validation
    makes them, it counts nothing.
    """
    return (None if tensor.is_inference() else tensor._version, *_samples(tensor))


class TensorVersions:
    """Tells tensors apart as well: what is freed may leave its address to another one."""

    def __init__(self) -> None:
        self._numbers = WeakTensorKeyDictionary()
        self._count = itertools.count()

    def of(self, tensor: torch.Tensor) -> tuple[object, ...]:
        """What is another for another tensor, or once it was written into."""
        number = self._numbers.setdefault(tensor, next(self._count))  # type: ignore[no-untyped-call]
        return (number, *version_of(tensor))


def _samples(tensor: torch.Tensor) -> list[object]:
    plain = type(tensor) in (torch.Tensor, torch.nn.Parameter)
    if not plain or tensor.layout != torch.strided or tensor.is_quantized or tensor.is_meta:
        return []
    narrow = tensor.is_floating_point() and tensor.itemsize < 2  # few operations know these
    if narrow or tensor.numel() == 0:
        return []
    last = tensor.numel() - 1
    count = min(_SAMPLES, last + 1)
    places = [last * place // max(1, count - 1) for place in range(count)]
    taken = tensor.detach().take(torch.tensor(places, device=tensor.device))
    numbers: list[object] = taken.tolist()
    return numbers
