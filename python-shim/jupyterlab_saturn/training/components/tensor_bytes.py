"""The numbers of tensors as bytes, without NumPy, which need not be there."""

from __future__ import annotations

import ctypes

import torch


def tensor_bytes(tensor: torch.Tensor) -> bytes:
    """The bytes of a contiguous tensor on the CPU.

    Raises RuntimeError for one of a layout that has no plain bytes.
    """
    plain = tensor.flatten().view(torch.uint8)
    return ctypes.string_at(plain.data_ptr(), plain.numel()) if plain.numel() else b""
