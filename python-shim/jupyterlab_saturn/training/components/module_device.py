"""Where a model says that it is, for code in it that makes tensors there."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


def tell_device(model: nn.Module, device: torch.device) -> None:
    """Have all of a model say that it is on a device on which its forward runs.

    Sharding moves parameters without telling modules. A LightningModule keeps what it was told
    by ``to``; models of transformers look at a parameter, which may wait on the host; metrics have
    tensors that only their own ``to`` moves.
    """
    for module in model.modules():
        if next(module.parameters(), None) is None:
            module.to(device)
        if isinstance(vars(module).get("_device"), torch.device):
            vars(module)["_device"] = device
        said = getattr(type(module), "device", None)
        if isinstance(said, property) and _asks_elsewhere(module, device):
            _replace_property(module, device)


def _asks_elsewhere(module: Any, device: torch.device) -> bool:
    try:
        said = module.device
    except Exception:  # a property of the user's own, of which nothing is known
        return False
    return isinstance(said, torch.device) and said.type != device.type


def _replace_property(module: nn.Module, device: torch.device) -> None:
    """Of this module only, whose class goes by its name as before."""
    kind = type(module)
    members = {"device": device, "__module__": kind.__module__, "__qualname__": kind.__qualname__}
    module.__class__ = type(kind.__name__, (kind,), members)
