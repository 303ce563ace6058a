"""Tensors on a GPU, as they are taken along by a function that refers to them."""

from __future__ import annotations

import pickle
import sys
from typing import Any


def is_on_gpu(value: Any) -> bool:
    """Whether a value is a tensor that is on a GPU."""
    torch = sys.modules.get("torch")  # code that never imported it holds no tensor
    return torch is not None and isinstance(value, torch.Tensor) and value.is_cuda


def on_cpu(tensor: Any) -> Any:
    """A tensor or parameter as it would be on the CPU.

    Raises
    ------
    pickle.PicklingError
        For other kinds of tensors, such as quantised ones.
    """
    torch: Any = sys.modules["torch"]
    if type(tensor) not in (torch.Tensor, torch.nn.Parameter):
        raise pickle.PicklingError(f"cannot pickle a {type(tensor).__name__} that is on a GPU")
    copy = tensor.detach().cpu()
    if type(tensor) is torch.nn.Parameter:
        copy = torch.nn.Parameter(copy, tensor.requires_grad)
    vars(copy).update(vars(tensor))  # what libraries note, such as to leave out of weight decay
    return copy.requires_grad_(tensor.requires_grad)
