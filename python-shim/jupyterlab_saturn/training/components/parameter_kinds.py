"""Which kinds of parameters are known to be trained, copied, sharded and saved right."""

from __future__ import annotations

import torch
from torch import nn

_TYPES = frozenset(
    {torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.complex64}
    | {torch.complex128, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.bool}
)


def why_unknown(model: nn.Module) -> str | None:
    """Of which other kind a parameter of a model is, as those of quantised models are."""
    for name, parameter in model.named_parameters():
        if type(parameter) not in (nn.Parameter, nn.UninitializedParameter):
            return f"the parameter {name} is a {type(parameter).__name__}, as of a quantised model"
        if parameter.dtype not in _TYPES:
            return f"the parameter {name} holds {parameter.dtype}, as of a quantised model"
    return None
